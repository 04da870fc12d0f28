"""Other tools' words and values of the wrong kind get the advice that mends them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connmgr.config.loader import LoadResult

Load = Callable[[str], LoadResult]


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("pool: {recycle: 3}", "write pool.max_lifetime"),
        ("pool_recycle: 3", "write pool.max_lifetime"),
        ("pool_size: 3", "write pool.size"),
        ("connect_timeout: 3", "write timeouts.connect"),
        ("pool: {max_size: 3}", "pool.max_overflow for those beyond"),
        ("maximumPoolSize: 3", "pool.max_overflow for those beyond"),
        ("checkout_timeout: 3", "write pool.timeout"),
        ("connectionTimeout: 3", "write pool.timeout"),
        ("pool_pre_ping: true", "not in this version; leave it out"),
        ("pool: {pre_ping: true}", "not in this version; leave it out"),
        ("adapter: postgresql", "write it into the url"),
        ("host: db", "write it into the url"),
        ("database: db", "write it into the url"),
        ("sslmode: require", "?sslmode=…"),
        ("extends: _server", "not in this version; write the settings out"),
        ("connection: {host: db}", "not in this version; write it into the url"),
        ("size: 3", "write pool.size"),
        ("timeout: 3", "write pool.timeout or health.timeout"),
        ("pool: {sise: 3}", 'did you mean "size"?'),
        ("descriptoin: x", 'did you mean "description"?'),
    ],
)
def test_a_familiar_or_misspelt_key_is_refused_with_the_one_to_write(
    load: Load, line: str, advice: str
) -> None:
    (problem,) = load(f"url: sqlite://\n{line}\n").problems

    assert problem.found.startswith('unknown key "')
    assert problem.hint.endswith(advice) or advice in problem.hint
    assert problem.place.line == 2


def test_a_key_that_is_near_nothing_gets_the_list(load: Load) -> None:
    (problem,) = load("url: sqlite://\nzzz: 1\n").problems

    assert problem.hint == ""
    assert problem.accepted == "description, url, password, pool, timeouts, session, health"


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("pool:", "give it a value, or delete the line"),
        ("password: 12345", "quote it"),
        ("password: #x", "give it a value, or delete the line; quote a text that begins with #"),
        ("description: true", "quote it"),
        ('pool: {size: "10"}', "delete the quotes"),
        ("pool: {size: $POOL_SIZE}", "write ${POOL_SIZE}"),
        ("pool: {size: 1.5}", ""),
    ],
)
def test_a_value_of_the_wrong_kind_gets_advice(load: Load, line: str, hint: str) -> None:
    (problem,) = load(f"url: sqlite://\n{line}\n").problems

    assert problem.hint == hint
    assert "12345" not in str(problem)


def test_a_key_that_may_be_a_secret_is_not_shown(load: Load) -> None:
    result = load('url: sqlite://\n"postgresql://app:hunter2@db/orders": 1\n')

    assert "hunter2" not in str(result.problems)
    assert [problem.found for problem in result.problems] == ["a key that is no word"]

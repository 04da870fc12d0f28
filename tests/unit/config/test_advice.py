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
        ("pool_pre_ping: true", "write pool.pre_ping: auto, always or never"),
        ("pool: {pre-ping: auto}", "write pool.pre_ping: auto, always or never"),
        ("adapter: postgresql", "leave it out; the url's scheme"),
        ("host: db", "write connection.host, or write it into the url"),
        ("port: 5432", "write connection.port, or write it into the url"),
        ("username: app", "write connection.user, or write it into the url"),
        ("database: db", "write connection.dbname, or write it into the url"),
        ("sslmode: require", "write connection.sslmode, or at the end of the url: ?sslmode=…"),
        ("ssl: true", "write connection.sslmode"),
        ("application_name: x", "write connection.application_name, or at the end of the url"),
        ("search_path: x", "write connection.options"),
        ("PGHOST: db", "write libpq_env: true, and libpq's variables count"),
        ("inherit: _server", "write extends: NAME"),
        ("base: _server", "write extends: NAME"),
        ("include: _server", "write extends: NAME"),
        ("template: _server", "write extends: NAME"),
        ("defaults: {}", "write extends: NAME"),
        ("profiles: {}", "a file of several profiles has a name that ends in .profiles.yaml: rename it"),
        ("name: orders", "the file's name is the profile's"),
        ("env: ORDERS", "password: {env: NAME}"),
        ("pool: {file: /run/x}", "password: {file: PATH}"),
        ("command: [pass]", "password: {command: [program, argument]}"),
        ("dsn: sqlite://", "write url"),
        ("pool: {idleTimeout: 3}", "write pool.idle_timeout"),
        ("pool: {minimumIdle: 3}", "write pool.min_idle"),
        ("pool: {min_size: 3}", "write pool.min_idle"),
        ("maxWaiting: 3", "write pool.max_waiting"),
        ("keepaliveTime: 30s", "write pool.keepalive"),
        ("pool: {connectionTestQuery: SELECT 1}", "connmgr asks with SELECT 1"),
        ("validationTimeout: 1s", "write pool.liveness_timeout"),
        ("pool_reset_on_return: rollback", "write pool.reset"),
        ("leakDetectionThreshold: 2s", "write pool.leak_detection_threshold"),
        ("lock_timeout: 3s", "write timeouts.lock"),
        ("timeouts: {statement_timeout: 3s}", "write timeouts.statement"),
        ("command_timeout: 3s", "write timeouts.command"),
        ("timeouts: {idle_in_transaction_session_timeout: 1m}", "write timeouts.idle_in_transaction"),
        ("autocommit: true", "write session.autocommit"),
        ("pool: {drain_timeout: 3}", "not in this version; leave it out"),
        ("pool: {password: x}", "write password"),
        ("statement_cache_size: 0", "leave it out"),
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
    assert problem.accepted.startswith("extends, description, url, connection, service")


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
        ("pool: {pre_ping: true}", "write always, or auto to leave out those that were used a moment ago"),
        ("pool: {pre_ping: false}", "write never"),
        ('pool: {pre_ping: "true"}', "write always, or auto to leave out those that were used a moment ago"),
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

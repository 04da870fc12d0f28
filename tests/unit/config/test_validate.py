"""One file is checked on its own: its schema, its references, their defaults, and seconds that are many."""

from __future__ import annotations

import pytest

from connmgr.config.schema import Kind, showable_keys
from connmgr.config.source import read
from connmgr.config.validate import LONGEST_TEXT, validate
from connmgr.problem import Code, Problem


def found(text: str, kind: Kind = "base") -> list[Problem]:
    document = read(text.encode(), "f.yaml", showable_keys())
    return [*validate(document, "f.yaml", kind)]


def test_a_file_that_yaml_could_not_read_has_no_more_problems() -> None:
    assert found("url: [") == []


def test_a_problem_stands_where_its_value_or_its_key_does() -> None:
    places = {problem.path: str(problem.place) for problem in found("pool:\n  size: x\n  sizes: 3\n")}

    assert places == {"pool.size": "f.yaml:2:9", "pool.sizes": "f.yaml:3:3"}


def test_a_path_has_one_problem() -> None:
    (problem,) = found('pool: {size: "${A B}"}\n')

    assert problem.code is Code.REFERENCE


def test_the_default_of_a_reference_is_a_value_like_any_other() -> None:
    (problem,) = found('pool: {size: "${SIZE:-many}"}\n')

    assert (problem.code, problem.path) == (Code.VALUE, "pool.size")
    assert "from the default of SIZE" in problem.found


def test_a_text_that_is_absurdly_long_is_refused_before_anything_tries_to_match_it() -> None:
    (problem,) = found(f"description: {'x' * (LONGEST_TEXT + 1)}\npool: {{size: x}}\n")

    assert problem.path == "description"
    assert "8,193 characters" in problem.found


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("pool: {timeout: 5000}", "5000"),
        ("pool: {timeout: 601}", "601"),
        ("timeouts: {statement: 30000.5}", "30000.5"),
        ('health: {timeout: "${HEALTH_TIMEOUT:-1000}"}', "1000"),
        ('pool: {max_lifetime: "${N:-18}00"}', "1800"),
    ],
)
def test_a_large_bare_number_of_seconds_asks_for_milliseconds(text: str, number: str) -> None:
    (problem,) = found(text)

    assert problem.code is Code.MILLISECONDS
    assert problem.code.is_warning
    assert problem.found.startswith(f"found the number {number}")
    assert problem.hint == (f"did you mean milliseconds? write {number}ms, or {number}s if seconds are meant")


@pytest.mark.parametrize(
    "text",
    [
        "pool: {timeout: 600}",
        "pool: {max_lifetime: 1800s}",
        "pool: {max_lifetime: 1h}",
        'pool: {max_lifetime: "${LIFE}"}',
        'pool: {max_lifetime: "${LIFE:-1800s}"}',
        "connection: {keepalives_idle: 7200, tcp_user_timeout: 30000}",
        "pool: {size: 5000}",
    ],
)
def test_a_unit_a_short_time_and_what_is_no_duration_ask_nothing(text: str) -> None:
    assert found(text) == []


def test_a_number_that_no_duration_may_have_is_a_problem_and_no_question() -> None:
    (problem,) = found("pool: {timeout: 99999999}")

    assert problem.code is Code.VALUE


def test_the_default_of_a_variable_that_is_a_password_elsewhere_is_not_shown() -> None:
    shown = found('password: "${SECRET:-31337}"\npool: {timeout: "${SECRET:-31337}"}\n')

    assert not [problem for problem in shown if "31337" in str(problem)]

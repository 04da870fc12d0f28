"""`check` explains what the schema refuses, one problem a setting, and survives any value."""

from __future__ import annotations

from typing import Any

import pytest

from connmgr.config.schema import Kind, check
from connmgr.problem import Code, Place, Problem


def at(path: tuple[str, ...]) -> Place:
    return Place("f.yaml", 2 if path else 1)


def problems(values: dict[str, Any], kind: Kind = "profile", *, settled: bool = False) -> list[Problem]:
    return [*check(values, place=at, kind=kind, settled=settled)]


def told(found: list[Problem]) -> list[tuple[str, str]]:
    return sorted((str(problem.code), problem.path) for problem in found)


@pytest.mark.parametrize("where", ["url", "connection", "service", "libpq_env", "extends"])
def test_a_profile_says_where_its_database_is_in_one_of_five_ways(where: str) -> None:
    ways = {"connection": {"host": "db"}, "libpq_env": True}

    assert problems({where: ways.get(where, "orders")}) == []


@pytest.mark.parametrize("values", [{}, {"description": "x"}, {"libpq_env": False}])
def test_a_profile_that_does_not_is_told_the_ways(values: dict[str, Any]) -> None:
    (problem,) = problems(values)

    assert problem.code is Code.MISSING_KEY
    assert problem.place.line == 1
    assert problem.accepted == "url, connection, service, libpq_env: true, or extends"


def test_a_base_need_not_say_it() -> None:
    assert problems({"pool": {"size": 3}}, "base") == []


def test_a_url_and_a_connection_are_a_contradiction() -> None:
    assert told(problems({"url": "sqlite://", "connection": {}})) == [("CM304", "connection")]
    assert problems({"url": None, "connection": {}, "extends": "_a"}) == []


@pytest.mark.parametrize("path", [("pool",), ("pool", "size"), ("description",), ("password",)])
def test_null_clears_only_what_something_else_may_have_set(path: tuple[str, ...]) -> None:
    values: dict[str, Any] = {path[0]: {path[1]: None} if path[1:] else None}

    assert told(problems({"url": "sqlite://", **values})) == [("CM303", ".".join(path))]
    assert problems({"extends": "_a", **values}) == []
    assert problems(values, "base") == []


@pytest.mark.parametrize(
    ("written", "path", "found"),
    [
        ({"password": {"fil": "/x"}}, "password.fil", 'unknown key "fil"'),
        ({"password": {"file": "/x", "env": "A"}}, "password", "found env and file at once"),
        ({"password": {}}, "password", "found a mapping"),
        ({"password": {"env": "A B"}}, "password.env", "found a text"),
        ({"password": {"command": ["x", 12345]}}, "password.command", "found a number"),
        ({"connection": {"sslpassword": {"file": 3}}}, "connection.sslpassword.file", "found a number"),
        (
            {"password": {"ttl": "15m"}},
            "password",
            "found ttl, and nothing that says where the secret is",
        ),
        (
            {"password": {"previous": "x", "ttl": 900}},
            "password",
            "found previous and ttl, and nothing that says where the secret is",
        ),
        ({"password": {"env": "A", "file": "/b", "ttl": 5}}, "password", "found env and file at once"),
        ({"password": {"env": "A", "ttl": 0.9}}, "password.ttl", "found a number"),
        ({"password": {"env": "A", "ttl": "999ms"}}, "password.ttl", "found a text"),
        ({"password": {"env": "A", "ttl": "0s"}}, "password.ttl", "found a text"),
        ({"password": {"env": "A", "ttl": "${TTL}"}}, "password.ttl", "found a text"),
        ({"password": {"env": "A", "ttl": "${TTL:-15m}"}}, "password.ttl", "found a text"),
        ({"password": {"env": "A", "ttl": None}}, "password.ttl", "found nothing"),
        (
            {"password": {"env": "A", "previous": {"env": "B", "file": "c"}}},
            "password.previous",
            "found env and file at once",
        ),
        (
            {"password": {"env": "A", "previous": {"env": "B", "ttl": 5}}},
            "password.previous.ttl",
            'unknown key "ttl"',
        ),
        (
            {"password": {"env": "A", "previous": {"hunter2": 1}}},
            "password.previous",
            "a key that is none of these",
        ),
        ({"password": {"env": "A", "previous": {}}}, "password.previous", "found a mapping"),
        ({"password": {"env": "A", "prevous": "x"}}, "password.prevous", 'unknown key "prevous"'),
        ({"extends": ["_a", "b c"]}, "extends", 'found the text "b c"'),
        ({"connection": {"sslmode": "always"}}, "connection.sslmode", 'found the text "always"'),
    ],
)
def test_what_is_wrong_inside_a_shape_is_named_there(written: dict[str, Any], path: str, found: str) -> None:
    (problem,) = problems(written, "base")

    assert (problem.path, problem.found) == (path, found)


@pytest.mark.parametrize("word", ["password", "sslpassword"])
@pytest.mark.parametrize(
    "written",
    [
        {"command": ["a"], "ttl": "15m"},
        {"env": "A", "ttl": 1},
        {"env": "A", "ttl": "1000ms"},
        {"file": "/x", "previous": {"file": "/y"}},
        {"file": "/x", "previous": "${OLD}", "ttl": "1.5h"},
    ],
)
def test_beside_its_kind_a_secret_says_how_it_rotates(word: str, written: dict[str, Any]) -> None:
    assert problems({"connection": {word: written}}, "base") == []


def test_everything_wrong_is_said_once() -> None:
    values = {"url": 3, "pool": {"size": None, "mode": "x", "zzz": None}, "health": [], "host": "db"}

    assert told(problems(values)) == [
        ("CM301", "host"),
        ("CM301", "pool.zzz"),
        ("CM303", "health"),
        ("CM303", "pool.mode"),
        ("CM303", "pool.size"),
        ("CM303", "url"),
    ]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("pool", "size"), "${D}"),
        (("pool", "timeout"), "${D}"),
        (("pool", "mode"), "${D:-auto}"),
        (("health", "critical"), "x${D}"),
        (("pool", "size"), None),
    ],
)
def test_a_settled_value_that_looks_like_a_reference_or_clears_is_refused(
    path: tuple[str, str], value: str | None
) -> None:
    (problem,) = problems({path[0]: {path[1]: value}}, "base", settled=True)

    assert problem.path == ".".join(path)
    assert "reference" not in problem.accepted
    assert problem.hint == ""


@pytest.mark.parametrize(
    ("word", "value", "reason"),
    [
        ("gsslib", "gssapi", "connmgr has no Kerberos"),
        ("require_auth", "scram-sha-256", "asyncpg takes whatever the server asks for"),
        ("sslsni", 0, "Python's TLS always names the host"),
        ("channel_binding", "require", "asyncpg has no channel binding"),
    ],
)
def test_what_libpq_takes_and_connmgr_does_not_is_refused_with_the_reason(
    word: str, value: object, reason: str
) -> None:
    (problem,) = problems({"connection": {word: value}})

    assert (problem.code, problem.path) == (Code.REFUSED_PARAMETER, f"connection.{word}")
    assert problem.hint.startswith(reason)


def test_a_password_in_braces_without_quotes_is_not_shown_as_a_key() -> None:
    (problem,) = problems({"password": {"hunter2": None}}, "base")

    assert (problem.code, problem.path) == (Code.UNKNOWN_KEY, "password")
    assert "hunter2" not in str(problem)
    assert problem.hint == "quote a text that begins with {"


def test_a_password_where_the_name_of_its_variable_should_stand_is_not_shown() -> None:
    (problem,) = problems({"password": {"env": "$hunter2"}}, "base")

    assert "hunter2" not in str(problem)
    assert problem.accepted == "the name of a variable"


def test_several_keys_of_a_secret_are_not_shown_either() -> None:
    found = problems({"password": {"hunter2": None, "hunter3": 1, "file": "/x"}}, "base")

    assert told(found) == [("CM301", "password")]
    assert "hunter" not in str(found)


def test_a_misspelt_word_of_libpqs_is_unknown() -> None:
    (problem,) = problems({"connection": {"sslmod": "require"}})

    assert problem.code is Code.UNKNOWN_KEY
    assert problem.hint == 'did you mean "sslmode"?'
    assert problem.accepted.endswith("(connmgr explain connection lists all)")


@pytest.mark.parametrize(
    "value", ["\ud800", "a\udcff", "\0", 10**30, 10**400, -(2**63) - 1, 1e308, float("inf"), "x" * 100_000]
)
@pytest.mark.parametrize("path", [("url",), ("pool", "size"), ("connection", "port"), ("extends",)])
def test_values_that_no_person_writes_do_not_crash_it(path: tuple[str, ...], value: object) -> None:
    values: dict[str, Any] = {path[0]: {path[1]: value} if path[1:] else value}

    assert {problem.path for problem in problems(values, "base")} <= {".".join(path)}


def test_a_key_that_rust_cannot_hold_is_an_unknown_key() -> None:
    (problem,) = problems({"\ud800": 1}, "base")

    assert problem.code is Code.UNKNOWN_KEY
    assert "\ud800" not in str(problem)


def test_a_text_that_rust_cannot_hold_is_judged_by_the_other_validator() -> None:
    assert problems({"extends": "\ud800"}) != []
    assert problems({"description": "\ud800", "url": "\ud800"}) == []


def test_a_value_that_the_two_validators_judge_differently_is_a_problem() -> None:
    (problem,) = problems({"pool": {"timeout": float("nan")}}, "base")

    assert problem.code is Code.VALUE
    assert "jsonschema-rs" in problem.found

"""What a setting accepts is said in words that a person would write."""

from __future__ import annotations

import pytest

from connmgr.config.schema import definition, schema_of, settings
from connmgr.config.words import accepted

LEAVES = [path for path, _ in settings()]


def words(*path: str, settled: bool = False) -> str:
    return accepted(definition(path) or {}, schema_of(settled=settled))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("pool", "size"), "a whole number of at least 1, or a reference such as ${NAME}"),
        (("connection", "keepalives_count"), "a whole number of at least 0 and at most 127, or a reference"),
        (("pool", "use_lifo"), "true, false, or a reference such as ${NAME}"),
        (("pool", "mode"), "auto, pooled, none, or a reference such as ${NAME}"),
        (("password",), "text, a reference such as ${NAME}, {env: …}, {file: …}, or {command: …}"),
        (("url",), "text, a reference such as ${NAME}, {env: …}, or {file: …}"),
        (("password", "env"), "the name of a variable"),
        (("password", "command"), "a list of texts: a program and its arguments"),
        (("extends",), "the name of a base or a profile, or a list of such names"),
        (("health",), "a mapping with the keys critical, timeout, ttl and stuck_after"),
        (("session",), "a mapping with the keys expire_on_commit and autocommit"),
        (("pool", "pre_ping"), "auto, always, never, or a reference such as ${NAME}"),
        (("description",), "text"),
    ],
)
def test_each_kind_of_setting_has_its_words(path: tuple[str, ...], expected: str) -> None:
    assert words(*path).startswith(expected)


@pytest.mark.parametrize("path", LEAVES, ids=".".join)
def test_null_is_never_offered(path: tuple[str, ...]) -> None:
    assert words(*path)
    assert "null" not in words(*path).lower()


def test_settled_values_are_offered_no_reference() -> None:
    assert words("pool", "size", settled=True) == "a whole number of at least 1"
    assert words("pool", "timeout", settled=True).startswith("a duration of more than 0")

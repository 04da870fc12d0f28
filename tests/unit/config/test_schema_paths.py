"""What the schema says of a path: whether there is such a setting, and whether its value may be shown."""

from __future__ import annotations

import pytest

from connmgr.config.schema import (
    definition,
    durations,
    is_duration,
    is_secret,
    is_text,
    keys_of,
    settings,
    showable_keys,
)


@pytest.mark.parametrize(
    "path",
    [
        ("pool", "size"),
        ("connection", "sslmode"),
        ("password", "file"),
        ("connection", "sslpassword", "env"),
        ("url", "env"),
        ("extends",),
    ],
)
def test_a_setting_is_found_through_groups_and_shapes(path: tuple[str, ...]) -> None:
    assert (definition(path) or {})["title"]
    assert not is_secret(path)


@pytest.mark.parametrize(
    "path",
    [
        ("url",),
        ("password",),
        ("connection", "password"),
        ("connection", "sslpassword"),
        ("password", "command"),
        ("password", "command", "0"),
        ("connection", "password", "command"),
        ("url", "command"),
        ("pool", "sizes"),
        ("pool", "size", "x"),
        ("zzz",),
    ],
)
def test_what_holds_a_secret_or_is_not_known_is_secret(path: tuple[str, ...]) -> None:
    assert is_secret(path)


def test_settings_list_groups_and_what_is_in_them_once() -> None:
    paths = [path for path, _ in settings()]

    assert {("connection",), ("connection", "host"), ("pool",), ("pool", "size"), ("extends",)} <= set(paths)
    assert len(paths) == len(set(paths))


def test_keys_of_a_secret_are_those_of_its_forms() -> None:
    assert keys_of(("password",)) == ("env", "file", "command", "ttl", "previous")
    assert keys_of(("password", "previous")) == ("env", "file", "command")
    assert keys_of(("url",)) == ("env", "file")
    assert keys_of(("health",)) == ("critical", "timeout", "ttl", "stuck_after")
    assert keys_of(("zzz",)) == ()


@pytest.mark.parametrize(
    ("path", "text", "duration"),
    [
        (("description",), True, False),
        (("connection", "host"), True, False),
        (("connection", "port"), False, False),
        (("connection", "connect_timeout"), False, False),
        (("password", "file"), True, False),
        (("pool", "timeout"), False, True),
        (("zzz",), False, False),
    ],
)
def test_texts_and_durations_are_told_apart(path: tuple[str, ...], text: bool, duration: bool) -> None:
    assert is_text(path) is text
    assert is_duration(path) is duration


def test_durations_are_found_among_values_of_any_kind() -> None:
    values = {"pool": {"timeout": 5, "size": 3}, "timeouts": [1], "health": {"timeout": "1s"}}

    assert dict(durations(values)) == {("pool", "timeout"): 5, ("health", "timeout"): "1s"}


def test_no_key_that_may_hold_a_secret_is_showable() -> None:
    assert {"size", "sslmode", "description"} <= showable_keys()
    assert not {"url", "password", "sslpassword", "command"} & showable_keys()

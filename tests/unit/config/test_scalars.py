"""Scalars follow YAML 1.2's core rules, and what is no setting is refused."""

from __future__ import annotations

import pytest

from connmgr.config.scalars import NotANumber, describe, resolve, seconds, unsafe_character


@pytest.mark.parametrize(
    "text", ["no", "off", "yes", "22:22", "010", "2026-01-31", "1_000", "1e", "0b1", "٣"]
)
def test_what_yaml_1_1_would_turn_into_something_else_is_text(text: str) -> None:
    assert resolve(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("FALSE", False),
        ("0", 0),
        ("-7", -7),
        ("0o17", 15),
        ("0xfF", 255),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
    ],
)
def test_core_rules_give_null_booleans_and_numbers(text: str, value: object) -> None:
    resolved = resolve(text)

    assert resolved == value
    assert type(resolved) is type(value)


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan", "1e999", "9" * 5000, "0x" + "f" * 50])
def test_numbers_that_no_setting_could_have_are_refused(text: str) -> None:
    with pytest.raises(NotANumber):
        resolve(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3, 3.0), (0.5, 0.5), ("500ms", 0.5), ("1.5s", 1.5), ("10m", 600.0), ("1h", 3600.0)],
)
def test_durations_come_to_seconds(value: object, expected: float) -> None:
    assert seconds(value) == pytest.approx(expected)


@pytest.mark.parametrize("value", ["5", "5 s", "1d", "", "h"])
def test_a_text_without_a_known_unit_is_no_duration(value: str) -> None:
    with pytest.raises(ValueError, match="a number and a unit"):
        seconds(value)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a\0b", "a NUL"),
        ("a\n", "a line break"),
        ("\x1b[1m", "U+001B"),
        ("\x85", "U+0085"),
        ("\udc80", "not UTF-8"),
    ],
)
def test_characters_that_could_rewrite_a_message_are_named(text: str, name: str) -> None:
    assert name in unsafe_character(text)


def test_letters_of_every_script_are_safe() -> None:
    assert unsafe_character("Aufträge 注文 🐘") == ""


@pytest.mark.parametrize(
    ("value", "shown", "hidden"),
    [
        ("ten", 'the text "ten"', "a text"),
        ("", 'the text ""', "an empty text"),
        ("postgresql://app:hunter2@db/orders", "a url", "a url"),
        ("x" * 100, f'the text "{"x" * 60}…"', "a text"),
        (7, "the number 7", "a number"),
        (True, "true", "true or false"),
        (False, "false", "true or false"),
        (None, "nothing", "nothing"),
        ({}, "a mapping", "a mapping"),
        ([], "a list", "a list"),
    ],
)
def test_a_value_is_described_with_its_type_and_shown_only_when_it_may_be(
    value: object, shown: str, hidden: str
) -> None:
    assert describe(value) == shown
    assert describe(value, hidden=True) == hidden

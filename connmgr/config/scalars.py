"""One scalar of a profile: what it stands for, and how a message names it.

The rules are YAML 1.2's core rules, and a little stricter: `010` is text and not ten, for some readers
would take it as eight. `no`, `off`, `22:22` and dates, which YAML 1.1 turns into something else, are text.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Final

# Longer numbers than this are mistakes, and converting them costs time that grows with the square.
_LONGEST_NUMBER: Final = 40
_LONGEST_SHOWN: Final = 60

_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS: Final = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)", re.ASCII)
_BASED: Final = re.compile(r"0o(?P<octal>[0-7]+)|0x(?P<hex>[0-9a-fA-F]+)", re.ASCII)
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", re.ASCII)

_DURATION: Final = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<unit>ms|s|m|h)", re.ASCII)
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class NotANumber(ValueError):
    """A scalar looks like a number and is none that a setting could have: `.inf`, or 1,000 digits."""


def resolve(text: str) -> str | int | float | bool | None:
    """Return what a plain scalar stands for.

    Raises:
        NotANumber: it is infinite, not a number, or absurdly long.
    """
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _NOT_FINITE.fullmatch(text):
        raise NotANumber("a number without an end")
    return _number(text)


def _number(text: str) -> str | int | float:
    based = _BASED.fullmatch(text)
    if not (based or _FLOAT.fullmatch(text)):
        return text
    if len(text) > _LONGEST_NUMBER:
        raise NotANumber(f"a number of {len(text)} characters")
    if based:
        return int(based["octal"], 8) if based["octal"] else int(based["hex"], 16)
    if _INTEGER.fullmatch(text):
        return int(text)
    number = float(text)
    if abs(number) == float("inf"):
        raise NotANumber("a number too large for a computer")
    return number


def seconds(value: object) -> float:
    """Return a duration in seconds: a number is seconds already, a text has a unit (`500ms`, `1h`).

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, int | float):
        return float(value)
    match = _DURATION.fullmatch(str(value))
    if match is None:
        raise ValueError("a duration is a number of seconds, or a number and a unit")
    return float(match["number"]) * _UNITS[match["unit"]]


def unsafe_character(text: str) -> str:
    """Name the first character that no setting may hold, empty when there is none.

    A control character would end a field of PostgreSQL's startup message and begin another; half of a
    surrogate pair is how Python shows bytes that are no UTF-8.
    """
    for character in text:
        if unicodedata.category(character) == "Cc":
            return _CONTROL_NAMES.get(character, f"the control character U+{ord(character):04X}")
        if unicodedata.category(character) == "Cs":
            return "a byte that is not UTF-8"
    return ""


_CONTROL_NAMES: Final = {"\n": "a line break", "\r": "a carriage return", "\t": "a tab", "\0": "a NUL"}


def describe(value: object, *, hidden: bool = False) -> str:
    """Say what `value` is, for a message; `hidden` leaves the value itself out, and so does a URL.

    A URL under the wrong key may hold a password all the same.
    """
    kind = _kind(value)
    if isinstance(value, str) and "://" in value:
        return "a url"
    if hidden or isinstance(value, dict | list | tuple | None):
        return kind
    if isinstance(value, str):
        shown = value if len(value) <= _LONGEST_SHOWN else f"{value[:_LONGEST_SHOWN]}…"
        return f"the text {json.dumps(shown, ensure_ascii=False)}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"the number {value}"


def _kind(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text" if value else "an empty text"
        case dict():
            return "a mapping"
        case _:
            return "a list"

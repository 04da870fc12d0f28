"""One scalar of a profile: what it stands for, and how a message names it.

The rules are YAML 1.2's core rules, and a little stricter: `010` is text and not ten, for some readers
would take it as eight. `no`, `off`, `22:22` and dates, which YAML 1.1 turns into something else, are text.
"""

from __future__ import annotations

import json
import re
from typing import Final

# Longer numbers than this are mistakes, and converting them costs time that grows with the square.
_LONGEST_NUMBER: Final = 40
_LONGEST_SHOWN: Final = 60

_WORDS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER: Final = re.compile(
    r"(?P<integer>[-+]?(?:0|[1-9][0-9]*))"
    r"|0o(?P<octal>[0-7]+)"
    r"|0x(?P<hex>[0-9a-fA-F]+)"
    r"|(?P<float>[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<endless>[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))",
    re.ASCII,
)
# What begins or ends with anything else is text: most of a profile needs no more than this.
_BEGINNINGS: Final = frozenset(["", *"0123456789+-.", *(word[0] for word in _WORDS if word)])
_ENDINGS: Final = frozenset(["", *"0123456789abcdefABCDEF.nN", *(word[-1] for word in _WORDS if word)])

_DURATION: Final = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<unit>ms|s|m|h)", re.ASCII)
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class NotANumber(ValueError):
    """A scalar looks like a number and is none that a setting could have: `.inf`, or 1,000 digits."""


def resolve(text: str) -> str | int | float | bool | None:
    """Return what a plain scalar stands for.

    Raises:
        NotANumber: it is infinite, not a number, or absurdly long.
    """
    if text[:1] not in _BEGINNINGS or text[-1:] not in _ENDINGS:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if (match := _NUMBER.fullmatch(text)) is None:
        return text
    return _number(text, match)


def _number(text: str, match: re.Match[str]) -> int | float:
    if match["endless"]:
        raise NotANumber("a number without an end")
    if len(text) > _LONGEST_NUMBER:
        raise NotANumber(f"a number of {len(text)} characters")
    if match["integer"]:
        return int(text)
    if match["float"] is None:
        return int(match["octal"], 8) if match["octal"] else int(match["hex"], 16)
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
    # Printable is what nearly every text is, and what none of these characters is.
    match = None if text.isprintable() else re.search(_UNSAFE, text)
    if match is None:
        return ""
    if "\ud800" <= match[0] <= "\udfff":
        return "a byte that is not UTF-8"
    return _CONTROL_NAMES.get(match[0], f"the control character U+{ord(match[0]):04X}")


# Unicode's categories Cc and Cs, which are the same in every version of it. Not compiled until it is needed:
# so wide a range takes as long as all other patterns of this package.
_UNSAFE: Final = "[\x00-\x1f\x7f-\x9f\ud800-\udfff]"
_CONTROL_NAMES: Final = {"\n": "a line break", "\r": "a carriage return", "\t": "a tab", "\0": "a NUL"}


def printable(text: str) -> str:
    """Return a text with what no editor shows escaped: in a message it would turn or forge a line."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


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
        return f"the text {printable(json.dumps(shown, ensure_ascii=False))}"
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

"""Show the source line of a problem with a caret under its place, and no secret in it."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from connmgr.config.paths import is_word
from connmgr.config.schema import definition, is_secret, showable_keys
from connmgr.problem import Problem
from connmgr.secret import MASK

WIDTH: Final = 100
"""Columns of a source line that are shown, around the caret."""

_KEY: Final = re.compile(r"""(?<![^\s{\[,'"])(?P<key>[^\s:{}\[\],'"#]+)['"]?\s*:(?=\s|$)""")
_COMMENT: Final = re.compile(r"(?:^|\s)#.*")
_BEFORE: Final = 60


def with_source(problem: Problem, line: str) -> str:
    """Return the message, and under it the line that it is about, values that may be secret masked.

    `line` is the whole line of the problem's place; with an empty one, or one of which nothing may be
    shown, it is the message alone.
    """
    shown = _shown(line, tuple(problem.path.split(".")))
    if not shown:
        return str(problem)
    index = min(problem.place.column - 1, len(shown) - len(MASK) if shown.endswith(MASK) else len(shown))
    start = max(0, index - _BEFORE) if len(shown) > WIDTH else 0
    number = str(problem.place.line)
    caret = " " * _columns(shown[start:index]) + "^"
    excerpt = shown[start : start + WIDTH].rstrip()
    return f"{problem}\n  {number} | {excerpt}\n  {' ' * len(number)} | {caret}"


def _shown(line: str, path: tuple[str, ...]) -> str:
    """Return what may be shown of a line that has a problem at `path`; empty when that is nothing.

    A line may be the middle of a password that goes over several lines, whatever it looks like. So
    a value is shown only under the very key that the problem is about, and beside others as harmless.
    """
    text = _COMMENT.sub("", "".join(c if c.isprintable() else " " for c in line)).rstrip()
    keys = [*_KEY.finditer(text)]
    own = next((key for key in keys if key["key"] == path[-1]), None)
    if own is None or not is_word(own["key"]):
        return ""
    if _harmless(text, keys) and definition(_setting(path)) and not is_secret(_setting(path)):
        return text
    upto = text[: own.end()]
    return f"{upto} {MASK}" if _harmless(upto, keys[: keys.index(own)]) else ""


def _harmless(text: str, keys: list[re.Match[str]]) -> bool:
    return "://" not in text and all(key["key"] in showable_keys() for key in keys)


def _setting(path: tuple[str, ...]) -> tuple[str, ...]:
    """Return a problem's path without the name in front that it has in a file of several profiles."""
    if path[0] == "profiles":
        return path[2:]
    return path[1:] if path[0] == "defaults" else path


def _columns(text: str) -> int:
    """Return how wide a terminal shows a text."""
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1

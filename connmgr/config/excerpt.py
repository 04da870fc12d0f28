"""Show the source line of a problem with a caret under its place, and no secret in it."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from connmgr.config.paths import Path
from connmgr.config.schema import definition, is_secret, is_text, settings, showable_keys
from connmgr.problem import Problem
from connmgr.secret import MASK

WIDTH: Final = 100
"""Columns of a source line that are shown, around the caret."""

LONGEST: Final = 1000
"""Characters of a line of which some are shown. A longer one may have a problem in every word, and reading it
for each would take minutes."""

_BEFORE: Final = 60
_COMMENT: Final = re.compile(r"(?:^|\s)#.*")
_KEY: Final = re.compile(r"""(?<![^\s{\[,'"])(?P<key>[^\s:{}\[\],'"#]+)['"]?\s*:(?=\s|$)""")
# What may stand in front of a line's first key. Anything else began on a line before, perhaps as a secret.
_LEAD: Final = re.compile(r"""[\s{\[,-]*['"]?""")
# One value, or what opens a mapping: a second value beside it would belong to nobody knows what. Possessive,
# for the blanks at its start could be those at its end: on thousands of them, to try all would never end.
_VALUE: Final = re.compile(
    r"""\s*+(?:"[^"]*"|'[^']*'|\$\{\w*\}|\[[\w\s,-]*\]|[^\s,{}\[\]"']*|\{)[\s,}\]'"]*+"""
)


def with_source(problem: Problem, line: str) -> str:
    """Return the message, and under it the line that it is about, values that may be secret masked.

    `line` is the whole line of the problem's place; with an empty one, one longer than `LONGEST`, or one of
    which nothing may be shown, it is the message alone.
    """
    shown = _shown(line, tuple(problem.path.split(".")))
    if not shown:
        return str(problem)
    last = len(shown) - len(MASK) if shown.endswith(MASK) else len(shown)
    excerpt, caret = _around(shown, min(problem.place.column - 1, last))
    number = str(problem.place.line)
    return f"{problem}\n  {number} | {excerpt}\n  {' ' * len(number)} | {' ' * caret}^"


def _shown(line: str, path: Path) -> str:
    """Return what may be shown of a line that has a problem at `path`; empty when that is nothing.

    A line may be the middle of a password that goes over several lines, whatever it looks like. So one
    is shown only from a key on, and only when the very key that the problem is about is there.
    """
    if len(line) > LONGEST:
        return ""
    text = _COMMENT.sub("", "".join(c if c.isprintable() else " " for c in line)).rstrip()
    keys = [*_KEY.finditer(text)]
    if path[-1] not in [key["key"] for key in keys] or not _LEAD.fullmatch(text, 0, keys[0].start()):
        return ""
    ends = [*(key.start() for key in keys[1:]), len(text)]
    for key, end in zip(keys, ends, strict=True):
        if not _is_harmless(key["key"], text[key.end() : end], path):
            return f"{text[: key.end()]} {MASK}" if _is_named(key["key"], path) else ""
    return text


def _is_harmless(key: str, value: str, path: Path) -> bool:
    """Whether a value may be shown: that of a setting that holds no secret, and nothing beside it."""
    setting = _setting(path)
    if key not in showable_keys() or "://" in value:
        return False
    if key == path[-1] and (definition(setting) is None or is_secret(setting)):
        return False
    return (is_text(setting) and key == path[-1]) or _VALUE.fullmatch(value) is not None


def _is_named(key: str, path: Path) -> bool:
    """Whether a key may be shown without its value: one of the schema's, or one that the message names."""
    return key in path or key in {setting[-1] for setting, _ in settings()}


def _setting(path: Path) -> Path:
    """Return a problem's path without the name in front that it has in a file of several profiles."""
    if path[0] == "profiles":
        return path[2:]
    return path[1:] if path[0] == "defaults" else path


def _around(text: str, index: int) -> tuple[str, int]:
    """Return the part of a text around `index` that fits, and the column of `index` in it."""
    start, end = 0, len(text)
    if end > WIDTH or _columns(text) > WIDTH:
        start, end = max(0, index - _BEFORE), max(0, index - _BEFORE) + WIDTH
    # Of wide characters fewer fit.
    while _columns(text[start:index]) > _BEFORE:
        start += 1
    while _columns(text[start:end]) > WIDTH:
        end -= 1
    return text[start:end].rstrip(), _columns(text[start:index])


def _columns(text: str) -> int:
    """Return how wide a terminal shows a text."""
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1

"""Recognise references that YAML tears apart because they stand without quotes.

Inside a flow mapping `}` ends the mapping; anywhere, `: ` ends a key and ` #` begins a comment. What YAML
then says of the rest would send a reader the wrong way.
"""

from __future__ import annotations

import re
from typing import Final

from connmgr.problem import Code, Place, Problem

# A value up to its reference: alone on the line after its key, or as one of several in braces.
_BLOCK: Final = re.compile(r"^\s*(?:(?P<key>[A-Za-z_]\w*)\s*:\s+)?(?P<before>(?:[^\s{}\[\],:'\"#&*!|>].*)?)$")
_FLOW: Final = re.compile(r"[{\[,]\s*(?:(?P<key>[A-Za-z_]\w*)\s*:\s+)?(?P<before>[^\s{}\[\],:'\"#]*)$")
_REST: Final = re.compile(r"[^}]*\}(?:[^\s,}\]#]*)")


def torn(lines: list[str], place: Place, path: str, showable: frozenset[str]) -> Problem | None:
    """Return the problem when `place` lies inside a reference without quotes, else None.

    The quoted form is shown for the keys in `showable`; any other may hold a secret.
    """
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    opening = line.rfind("${", 0, place.column)
    rest = _REST.match(line, opening) if opening >= 0 else None
    value = _FLOW.search(line[:opening]) or _BLOCK.match(line[:opening])
    if rest is None or value is None or "}" in line[opening : place.column - 1]:
        return None
    before = value["before"]
    key = value["key"] or path.rpartition(".")[2]
    text = before + rest[0]
    hint = f"quote it: {_quoted(text)}" if key in showable and "://" not in text else "quote it"
    start = Place(place.file, place.line, opening - len(before) + 1)
    found = "a reference without quotes, which YAML tears apart"
    return Problem(start, path, found, "the whole value in quotes", hint, code=Code.TORN_REFERENCE)


def _quoted(text: str) -> str:
    if '"' in text or "\\" in text:
        return "'" + text.replace("'", "''") + "'"
    return f'"{text}"'

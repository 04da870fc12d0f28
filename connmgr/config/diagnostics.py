"""Put problems into words: for people, for programs, and for GitHub's annotations."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

from connmgr.problem import Problem

LONGEST_WORD: Final = 100
MOST_LISTED: Final = 20
"""Names that a message lists; a directory may have thousands."""

Format: TypeAlias = Literal["text", "json", "github"]


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """Ask whether the nearest candidate was meant; empty when none is near."""
    if len(word) > LONGEST_WORD:
        return ""  # a mebibyte of it would take a second to compare
    from difflib import get_close_matches  # only when something is wrong

    by_folded = {candidate.casefold(): candidate for candidate in candidates}
    nearest = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return f'did you mean "{by_folded[nearest[0]]}"?' if nearest else ""


def unknown(name: str, known: Iterable[str], where: str = "") -> str:
    """Say that no profile has a name: which there are, and which was perhaps meant."""
    names = sorted(known)
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    hint = did_you_mean(name, names)
    listed = f"there are: {', '.join(names[:MOST_LISTED]) or 'none'}{more}"
    return f"no profile named {name!r}{where}; {listed}{f'; {hint}' if hint else ''}"


def render(problems: Iterable[Problem], format: Format) -> str:  # noqa: A002 - the option's own word
    """Return the problems as text (one a line), a JSON list, or GitHub workflow commands (one a line)."""
    if format == "json":
        return json.dumps([_plain(problem) for problem in problems], indent=2)
    line = str if format == "text" else _annotation
    return "\n".join(line(problem) for problem in problems)


def _plain(problem: Problem) -> dict[str, object]:
    return {
        "file": problem.place.file,
        "line": problem.place.line,
        "column": problem.place.column,
        "path": problem.path,
        "found": problem.found,
        "accepted": problem.accepted,
        "hint": problem.hint,
        "code": str(problem.code),
        "severity": "warning" if problem.code.is_warning else "error",
    }


def _annotation(problem: Problem) -> str:
    """One command; see "Workflow commands" in GitHub's documentation for the escapes."""
    place = problem.place
    properties = {
        "file": place.file,
        "line": str(place.line),
        "col": str(place.column),
        "title": f"{problem.code} {problem.path or 'profile'}",
    }
    shown = ",".join(f"{name}={_escaped_property(value)}" for name, value in properties.items())
    message = str(problem).removeprefix(f"{place}: ")
    command = "warning" if problem.code.is_warning else "error"
    return f"::{command} {shown}::{_escaped(message)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")

"""Put problems into words: for people, for programs, and for GitHub's annotations."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Literal, TypeAlias

from connmgr.problem import Problem

Format: TypeAlias = Literal["text", "json", "github"]


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

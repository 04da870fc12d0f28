"""Ask whether a large bare number of seconds was meant in milliseconds, in which other tools count."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from connmgr.config.nested import secret_names
from connmgr.config.paths import Path, dotted
from connmgr.config.references import Reference, missing, named, parse_readable, references, substitute
from connmgr.config.scalars import NotANumber, resolve
from connmgr.config.schema import durations
from connmgr.problem import Code, Place, Problem

MOST_SECONDS: Final = 600
"""The most seconds that a bare number may say without a question."""


def ask_milliseconds(values: Mapping[str, object], place: Callable[[Path], Place]) -> Iterator[Problem]:
    """Yield a warning for each duration that is a number over `MOST_SECONDS`, in a default too."""
    for path, value in durations(values):
        if isinstance(value, str):
            if "${" in value:
                yield from _ask_default(path, value, values, place)
        elif isinstance(value, int | float) and value > MOST_SECONDS:
            yield _question(path, value, "", place)


def ask_settled(
    values: Mapping[str, object],
    origins: Mapping[Path, tuple[Reference, ...]],
    written: Mapping[str, object],
    place: Callable[[Path], Place],
) -> Iterator[Problem]:
    """Yield what `ask_milliseconds` does of settled values, but for what it asks of them as `written`.

    `origins` says which references a settled value came from.
    """
    asked = {problem.path for problem in ask_milliseconds(written, place)}
    for path, value in durations(values):
        found = origins.get(path, ())
        if dotted(path) in asked or _is_secret(found, written):
            continue
        if isinstance(value, int | float) and value > MOST_SECONDS:
            yield _question(path, value, named(found), place)


def _ask_default(
    path: Path, text: str, values: Mapping[str, object], place: Callable[[Path], Place]
) -> Iterator[Problem]:
    parts = parse_readable(text)
    found = references(parts)
    if not found or missing(parts, {}):
        return
    try:
        number = resolve(substitute(parts, {}))
    except NotANumber:
        return
    if isinstance(number, int | float) and number > MOST_SECONDS and not _is_secret(found, values):
        yield _question(path, number, named(found, "the default of "), place)


def _is_secret(found: Iterable[Reference], values: Mapping[str, object]) -> bool:
    """Whether a value is not shown: a variable among its references is a password somewhere else."""
    return not secret_names(values).isdisjoint(reference.name for reference in found)


def _question(path: Path, number: float, origin: str, place: Callable[[Path], Place]) -> Problem:
    found = f"found the number {number}{origin}, which is in seconds"
    hint = f"did you mean milliseconds? write {number}ms, or {number}s if seconds are meant"
    return Problem(place(path), dotted(path), found, hint=hint, code=Code.MILLISECONDS)

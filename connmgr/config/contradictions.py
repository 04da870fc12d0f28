"""Find settings that are each well-formed and contradict each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

from connmgr.config.paths import Path, dotted
from connmgr.config.scalars import describe, seconds
from connmgr.config.schema import definition, is_duration
from connmgr.problem import Code, Place, Problem

Measure: TypeAlias = float | str

# The first must not be over the second, and why. What a base sets for many may go unused in one of them
# (sizes where pool.mode is none): that is no contradiction, and has no row.
_ORDERED: Final[tuple[tuple[Path, Path, str], ...]] = (
    (
        ("connection", "ssl_min_protocol_version"),
        ("connection", "ssl_max_protocol_version"),
        "no protocol lies between them, and no connection would ever be opened",
    ),
)


def contradictions(values: Mapping[str, object], place: Callable[[Path], Place]) -> Iterator[Problem]:
    """Yield the contradictions among merged values, each where its first setting stands.

    Durations are compared in seconds. A setting that is not written counts with its default as the second
    of a pair, and not at all as the first; one that is a reference is compared when it is settled.
    """
    for smaller, larger, why in _ORDERED:
        low, high = _measure(smaller, _written(values, smaller)), _bound(values, larger)
        # One pair is of one kind, so that a text never meets a number.
        if low is not None and high is not None and low > high:  # type: ignore[operator]
            yield _problem(values, smaller, larger, why, place)


def _written(values: object, path: Path) -> object:
    for key in path:
        values = values.get(key) if isinstance(values, Mapping) else None
    return values


def _bound(values: Mapping[str, object], path: Path) -> Measure | None:
    written = _written(values, path)
    return _measure(path, _default(path) if written is None else written)


def _default(path: Path) -> object:
    return (definition(path) or {}).get("default")


def _measure(path: Path, value: object) -> Measure | None:
    """Return what to compare; None when there is nothing yet."""
    if isinstance(value, str) and not is_duration(path):
        return None if "${" in value else value
    try:
        return None if value is None else seconds(value)
    except ValueError:
        return None


def _problem(
    values: Mapping[str, object], smaller: Path, larger: Path, why: str, place: Callable[[Path], Place]
) -> Problem:
    here, other = _written(values, smaller), _written(values, larger)
    where = f"in line {place(larger).line}" if other is not None else "by default"
    if other is not None and place(larger).file != place(smaller).file:
        where = f"in {place(larger).file}:{place(larger).line}"
    bound = describe(_default(larger) if other is None else other)
    found = f"found {describe(here)}, over {dotted(larger)}, which is {bound} {where}: {why}"
    accepted = f"{dotted(larger)} at most"
    return Problem(place(smaller), dotted(smaller), found, accepted, code=Code.CONTRADICTION)

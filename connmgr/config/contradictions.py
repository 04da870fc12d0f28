"""Find settings that are each well-formed and contradict each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from connmgr.config.paths import Path, dotted
from connmgr.config.scalars import describe, seconds
from connmgr.config.schema import definition, is_duration
from connmgr.problem import Code, Place, Problem

# The first must not be over the second, and why. What a base sets for many may go unused in one of them
# (sizes where pool.mode is none): that is no contradiction, and has no row.
_ORDERED: Final[tuple[tuple[Path, Path, str], ...]] = (
    (
        ("pool", "idle_timeout"),
        ("pool", "max_lifetime"),
        "no connection lives long enough to be idle so long",
    ),
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
        here = _written(values, smaller)
        if here is None:
            continue
        other = _written(values, larger)
        bound = _default(larger) if other is None else other
        low, high = _measure(smaller, here), _measure(larger, bound)
        if low is not None and high is not None and low > high:
            stands = "by default" if other is None else _where(place(larger), place(smaller))
            found = f"found {describe(here)}, over {dotted(larger)} ({describe(bound)} {stands}): {why}"
            accepted = f"at most {dotted(larger)}"
            yield Problem(place(smaller), dotted(smaller), found, accepted, code=Code.CONTRADICTION)


def _written(values: object, path: Path) -> object:
    # Of merged values, where a mapping is always of one kind: to ask for any `Mapping` takes much longer.
    for key in path:
        values = values.get(key) if isinstance(values, dict | MappingProxyType) else None
    return values


def _default(path: Path) -> object:
    return (definition(path) or {}).get("default")


def _measure(path: Path, value: object) -> float | None:
    """Return a number to compare; None when there is nothing yet, or a reference."""
    if value is None:
        return None
    if isinstance(value, str) and not is_duration(path):
        words = _words(path)
        return float(words.index(value)) if value in words else None
    try:
        return seconds(value)
    except ValueError:
        return None


def _words(path: Path) -> list[str]:
    """Return the words that a setting accepts, which the schema has in their order."""
    shapes = (definition(path) or {}).get("anyOf", ())
    return [word for shape in shapes for word in shape.get("enum", ())]


def _where(other: Place, here: Place) -> str:
    return f"in line {other.line}" if other.file == here.file else f"in {other.file}:{other.line}"

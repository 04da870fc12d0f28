"""Find settings that are each well-formed and contradict each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from connmgr.config.paths import Path, dotted
from connmgr.config.scalars import describe, seconds
from connmgr.config.schema import definition, is_duration
from connmgr.problem import Code, Place, Problem


class _Pair(NamedTuple):
    """`smaller` must not be over `larger`; where the pair `is_strict`, it must be less."""

    smaller: Path
    larger: Path
    why: str
    is_strict: bool = False


# What a base sets for many may go unused in one of them (sizes where pool.mode is none): that is no
# contradiction, and has no row. Nor has a keepalive over idle_timeout, which min_idle connections outlive,
# nor a limit of the server's over another one, which a transaction may set for itself.
_PAIRS: Final = (
    _Pair(("pool", "min_idle"), ("pool", "size"), "no more than size are kept"),
    _Pair(
        ("pool", "idle_timeout"),
        ("pool", "max_lifetime"),
        "no connection lives long enough to be idle so long",
    ),
    _Pair(
        ("pool", "keepalive"),
        ("pool", "max_lifetime"),
        "no connection lives long enough to be asked",
        is_strict=True,
    ),
    _Pair(
        ("pool", "liveness_timeout"),
        ("pool", "timeout"),
        "a check in vain leaves no time for another connection",
        is_strict=True,
    ),
    _Pair(("retry", "connect", "initial"), ("retry", "connect", "max"), "pauses grow from one to the other"),
    _Pair(
        ("retry", "transaction", "initial"),
        ("retry", "transaction", "max"),
        "pauses grow from one to the other",
    ),
    _Pair(
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
    for pair in _PAIRS:
        here = _written(values, pair.smaller)
        if here is None:
            continue
        other = _written(values, pair.larger)
        bound = _default(pair.larger) if other is None else other
        low, high = _measure(pair.smaller, here), _measure(pair.larger, bound)
        if low is not None and high is not None and (low >= high if pair.is_strict else low > high):
            where = place(pair.smaller)
            stands = "by default" if other is None else _where(place(pair.larger), where)
            yield _problem(pair, where, describe(here), f"{describe(bound)} {stands}")


def _problem(pair: _Pair, where: Place, here: str, bound: str) -> Problem:
    over, accepted = ("not under", "less than") if pair.is_strict else ("over", "at most")
    found = f"found {here}, {over} {dotted(pair.larger)} ({bound}): {pair.why}"
    return Problem(
        where, dotted(pair.smaller), found, f"{accepted} {dotted(pair.larger)}", code=Code.CONTRADICTION
    )


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

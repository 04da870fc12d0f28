"""What an import comes to: profiles, and what they could not take over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


class BadSource(ValueError):
    """A source cannot be read at all. The message holds no value of it."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One thing of a source that no profile says, and why.

    `line` counts from 1 in the source, None for a source without lines.
    """

    key: str
    line: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    """The values of each profile by its name, and what was left out, in the source's order."""

    profiles: Mapping[str, Mapping[str, object]] = field(repr=False)
    left_out: tuple[LeftOut, ...]


def in_order(left_out: Iterable[LeftOut]) -> tuple[LeftOut, ...]:
    """Return what was left out in the order of its lines."""
    return tuple(sorted(left_out, key=lambda left: left.line or 0))

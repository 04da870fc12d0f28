"""Counts durations as they pass."""

from __future__ import annotations

from connmgr.poolstats import Histogram

_LAST = 40
"""Durations from about 6 days on are counted as one."""


class Durations:
    """A histogram that grows. Every checkout adds to two, so `add` does as little as it can.

    The list grows to the longest duration seen: a profile that was used once keeps a few numbers.
    """

    __slots__ = ("_counts", "_total")

    def __init__(self) -> None:
        self._counts: list[int] = []
        self._total = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration."""
        power = int(seconds * 1e6).bit_length()
        self._total += seconds
        try:
            self._counts[power] += 1
        except IndexError:
            self._grow(min(power, _LAST))

    def _grow(self, power: int) -> None:
        # Not in place, which would take more memory than it needs, in each of a thousand profiles.
        self._counts = self._counts + [0] * (power + 1 - len(self._counts))
        self._counts[power] += 1

    def snapshot(self) -> Histogram:
        """Return what was counted so far."""
        return Histogram(tuple(self._counts), self._total)

"""Counts durations as they pass."""

from __future__ import annotations

from typing import Final

from connmgr.poolstats import Histogram

_LAST = 40
"""Durations from about 6 days on are counted as one."""

_NONE: Final[list[int]] = []
"""What every pool begins with; never changed."""


class Durations:
    """A histogram that grows. Every checkout adds to two, so `add` does as little as it can.

    The list reaches from the shortest duration seen to the longest: a profile that was used once keeps one
    number.
    """

    __slots__ = ("_counts", "_least", "_total")

    def __init__(self) -> None:
        self._counts = _NONE
        self._least = 0
        self._total = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration."""
        place = int(seconds * 1e6).bit_length() - self._least
        self._total += seconds
        if 0 <= place < len(self._counts):
            self._counts[place] += 1
        else:
            self._grow(min(place + self._least, _LAST))

    def _grow(self, power: int) -> None:
        # Not in place, which would take more memory than it needs, in each of a thousand profiles.
        counts = self._all()
        least = min(power, self._least) if counts else power
        counts = [*counts, *[0] * (power + 1 - len(counts))]
        counts[power] += 1
        self._counts, self._least = counts[least:], least

    def _all(self) -> list[int]:
        return [0] * self._least + self._counts

    def snapshot(self) -> Histogram:
        """Return what was counted so far."""
        return Histogram(tuple(self._all()), self._total)

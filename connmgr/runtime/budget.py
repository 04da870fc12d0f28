"""How many retries a profile may add to the load of a database that fails."""

from __future__ import annotations

from typing import Final

RESERVE: Final = 10
"""Retries that are allowed whatever happened, until successes make up for them."""


class RetryBudget:
    """Counts retries against calls. No clock: what matters is how calls end, not when.

    While calls fail one after the other, so many retries are allowed as `ratio` of them, and `RESERVE`
    at the least: a database that fails entirely is asked 1.1 times as often, not five times. Each success
    pays for one retry, so transactions that clash now and then are repeated as often as they need.
    """

    __slots__ = ("_failing", "_ratio", "_taken")

    def __init__(self, ratio: float) -> None:
        self._ratio = ratio
        self._failing = 0
        self._taken = 0

    def begin(self) -> None:
        """Count a call."""
        self._failing += 1

    def succeeded(self) -> None:
        """Note that a call ended well."""
        self._failing = 0
        self._taken = max(0, min(self._taken, RESERVE) - 1)

    def take(self) -> bool:
        """Whether there may be one more retry now; it is counted."""
        if self._taken >= max(RESERVE, int(self._ratio * self._failing)):
            return False
        self._taken += 1
        return True

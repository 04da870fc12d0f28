"""How many retries a profile may add to the load of a database that fails."""

from __future__ import annotations

from typing import Final

FIRST: Final = 10
MOST: Final = 100


class RetryBudget:
    """Counts retries against calls. No clock: what matters is how calls end, not when.

    Each success earns a retry, so transactions that clash now and then are repeated as often as they need;
    `FIRST` are there from the beginning, and no more than `MOST` are saved up. Once those are spent, and
    until the next success, `ratio` retries are added for each call: a database that fails entirely is asked
    1.1 times as often, not five times.
    """

    __slots__ = ("_credit", "_failing", "_taken", "ratio", "retries")

    def __init__(self, ratio: float) -> None:
        self.ratio = ratio
        self._credit = FIRST
        self._failing = 0
        self._taken = 0
        self.retries = 0

    def begin(self) -> None:
        """Count a call."""
        self._failing += 1

    def succeeded(self) -> None:
        """Note that a call ended well."""
        self._failing = self._taken = 0
        self._credit = min(MOST, self._credit + 1)

    def take(self) -> bool:
        """Whether there may be one more retry now; it is counted."""
        if self._credit > 0:
            self._credit -= 1
        elif self._taken >= int(self.ratio * self._failing):
            return False
        self._taken += 1
        self.retries += 1
        return True

"""How a profile has been doing: its last results, its changes of status, whether its pool is stuck."""

from __future__ import annotations

import datetime as dt
from collections import deque
from typing import Final

from connmgr.poolstats import PoolStats
from connmgr.report import HealthHistory, HealthPoint, HealthReport, Status

KEPT: Final = 20
"""Results, and changes, that are remembered."""

STUCK_READINGS, FREE_READINGS = 3, 2
"""Readings in a row that make a pool count as stuck, and as free again."""


class Dwell:
    """Judges by a pool's counters, from reading to reading, whether anything still comes back to it.

    A pool that is merely busy is full at every reading, and has new returns at each.
    """

    __slots__ = ("_bad", "_good", "_returns", "_since", "is_stuck")

    def __init__(self) -> None:
        self._returns = -1
        self._since = 0.0
        self._bad = self._good = 0
        self.is_stuck = False

    def read(self, stats: PoolStats, now: float, stuck_after: float) -> bool:
        """Take one reading at `now`; return whether the pool is stuck."""
        returns = stats.use.count
        # Not `saturated`: a connect on its way is held by nobody.
        is_full = stats.max is not None and stats.in_use >= stats.max
        if not is_full or returns != self._returns:
            self._returns, self._bad = returns if is_full else -1, 0
            self._since = now
            self._good += 1
            if self._good >= FREE_READINGS:
                self.is_stuck = False
        elif now - self._since >= stuck_after:
            self._bad += 1
            self._good = 0
            if self._bad >= STUCK_READINGS:
                self.is_stuck = True
        return self.is_stuck


class Course:
    """What is remembered of one profile's checks."""

    __slots__ = ("_noted", "_read_at", "_results", "_transitions", "dwell", "latest")

    def __init__(self) -> None:
        self._results: deque[HealthPoint] = deque(maxlen=KEPT)
        self._transitions: deque[HealthPoint] = deque(maxlen=KEPT)
        self._noted: dt.datetime | None = None
        self._read_at = float("-inf")
        self.dwell = Dwell()
        self.latest: HealthReport | None = None

    def read(self, stats: PoolStats, now: float, stuck_after: float, apart: float) -> bool:
        """Return whether the pool is stuck; a reading within `apart` seconds of the last does not count."""
        if now - self._read_at >= apart:
            self._read_at = now
            self.dwell.read(stats, now, stuck_after)
        return self.dwell.is_stuck

    def since(self, status: Status, reason: str, at: dt.datetime) -> dt.datetime:
        """Return from when on the status is what it is, noting the change if it is one."""
        last = self._transitions[-1] if self._transitions else None
        if last is None or last.status is not status:
            last = HealthPoint(at, status, reason)
            self._transitions.append(last)
        return last.checked_at

    def note(self, report: HealthReport) -> HealthReport:
        """Remember a report, and return it; one that comes from an earlier check is that check's result."""
        if self._is_result(report):
            self._noted = report.checked_at
            point = HealthPoint(report.checked_at, report.status, report.reason, report.latency_ms)
            self._results.append(point)
        self.latest = report
        return report

    def _is_result(self, report: HealthReport) -> bool:
        if self.latest is None or report.status is not self.latest.status:
            return True
        # Each who asks about a profile that is paused would else push a check out that was made.
        is_paused = report.reason == self.latest.reason == "paused"
        return report.checked_at != self._noted and not is_paused

    def begin_anew(self) -> None:
        """Go on with another engine: what was found last was of another database, and of another pool."""
        self.latest = None
        self._read_at = float("-inf")
        self.dwell = Dwell()

    def history(self) -> HealthHistory:
        """Return what is remembered."""
        return HealthHistory(tuple(self._results), tuple(self._transitions))

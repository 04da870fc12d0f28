"""Counters that never fall, though a reload makes engines anew and profiles come and go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import zip_longest
from threading import Lock
from typing import Any, TypeAlias

from connmgr.poolstats import Histogram, PoolStats
from connmgr.telemetry.figures import COUNTED, add
from connmgr.telemetry.metrics import Metric
from connmgr.telemetry.poolnames import LIMIT, PoolNames

Counts: TypeAlias = Mapping[Metric, Any]


class Carried:
    """Keeps what engines counted that are no more, by the name under which it was shown.

    An engine that a reload made counts from zero, and that of a profile which was removed counts no more. To
    OpenTelemetry a counter that falls is an error. To Prometheus it is one that began anew: where `other`
    falls by what one of its profiles had counted, all that the rest of them did would count twice.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.names = PoolNames(limit)
        self._last: dict[str, Counts] = {}
        self._past: dict[str, Counts] = {}
        self._sums: dict[tuple[str, Metric], float] = {}
        self._reading = Lock()

    def read(
        self, stats_all: Callable[[], dict[str, PoolStats]]
    ) -> tuple[dict[str, PoolStats], Mapping[str, Counts]]:
        """Return what `stats_all` does, and by name what engines counted that are no more; from any thread.

        One at a time: of two, the earlier would look to the later as if an engine had been made anew.
        """
        with self._reading:
            pools = stats_all()
            self._note({name: _counts(stats) for name, stats in pools.items()})
            return pools, dict(self._past)

    def rising(self, name: str, metric: Metric, value: Any) -> Any:
        """Return a sum that is not less than the last one: added up in another order, seconds may come to
        less in their last digit.
        """
        if not isinstance(value, Histogram):
            return value
        self._sums[name, metric] = total = max(value.total, self._sums.get((name, metric), 0.0))
        return replace(value, total=total)

    def _note(self, now: dict[str, Counts]) -> None:
        for profile, before in self._last.items():
            if profile not in now or any(_fell(before[each], now[profile][each]) for each in before):
                name = self.names[profile]
                past = self._past.get(name, {})
                self._past[name] = {each: add(past.get(each), value) for each, value in before.items()}
        self._last = now


def _counts(stats: PoolStats) -> Counts:
    return {metric: of(stats) for metric, of in COUNTED.items()}


def _fell(before: Any, now: Any) -> bool:
    if not isinstance(before, Histogram):
        return bool(now < before)
    return now.total < before.total or any(
        later < earlier for earlier, later in zip_longest(before.counts, now.counts, fillvalue=0)
    )

"""What each metric of a pool shows of its counters, and how several pools come to one figure."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from connmgr.poolstats import Histogram, PoolStats
from connmgr.telemetry import metrics
from connmgr.telemetry.metrics import Instrument, Metric

Value: TypeAlias = int | float | Histogram


# The operands are two of a kind, or None where a profile has none.


def add(one: Any, other: Any) -> Any:
    """Add what there is."""
    if one is None or other is None:
        return other if one is None else one
    return operator.add(one, other)


def _add_limits(one: Any, other: Any) -> Any:
    """Add limits: with one that has none, there is none."""
    return None if one is None or other is None else one + other


@dataclass(frozen=True, slots=True)
class Figure:
    """One value of a metric. `state` is that of its attribute, where it has one."""

    metric: Metric
    of: Callable[[PoolStats], Value | None]
    state: str = ""
    merge: Callable[[Any, Any], Any] = add


def _figures() -> Iterator[Figure]:
    yield Figure(metrics.COUNT, lambda stats: stats.idle, "idle")
    yield Figure(metrics.COUNT, lambda stats: stats.in_use, "used")
    yield Figure(metrics.IDLE_MAX, lambda stats: stats.size)
    yield Figure(metrics.MAX, lambda stats: stats.max, merge=_add_limits)
    yield Figure(metrics.PENDING_REQUESTS, lambda stats: stats.waiting)
    yield Figure(metrics.TIMEOUTS, lambda stats: stats.timeouts)
    yield Figure(metrics.CREATE_TIME, lambda stats: stats.create)
    yield Figure(metrics.WAIT_TIME, lambda stats: stats.wait)
    yield Figure(metrics.USE_TIME, lambda stats: stats.use)
    yield Figure(metrics.OLDEST_WAIT, lambda stats: stats.oldest_wait, merge=max)
    yield Figure(metrics.REJECTED, lambda stats: stats.rejected)
    yield Figure(metrics.CONNECT_FAILURES, lambda stats: stats.failed)
    yield Figure(metrics.LEAKS, lambda stats: stats.leaks)
    yield Figure(metrics.BREAKER_OPEN, _refuses)
    yield Figure(metrics.RETRIES, lambda stats: stats.retries)
    yield Figure(metrics.RETIRING, lambda stats: stats.retiring)


def _refuses(stats: PoolStats) -> int | None:
    # Half open, it still refuses: its one connect is the pool's own.
    return None if stats.breaker is None else int(stats.breaker != "closed")


FIGURES: Final = tuple(_figures())

COUNTED: Final = {
    figure.metric: figure.of
    for figure in FIGURES
    if figure.metric.instrument in (Instrument.COUNTER, Instrument.HISTOGRAM)
}
"""What only rises while an engine is the same."""

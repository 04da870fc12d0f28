"""What the metrics of a registry show now, whoever asks for them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

from connmgr.poolstats import Histogram, PoolStats
from connmgr.report import HealthReport, Status
from connmgr.settings import Settings
from connmgr.telemetry import metrics
from connmgr.telemetry.metrics import POOL_NAME, Metric

Value: TypeAlias = int | float | Histogram


class Source(Protocol):
    """What is asked of a registry; all of it may be called from any thread."""

    def stats_all(self) -> dict[str, PoolStats]:
        """Return the counters of each profile in use, of one moment, in the order of first use."""
        ...

    def last_health(self) -> dict[str, HealthReport]:
        """Return the last report of each profile that was checked."""
        ...

    def settings(self, name: str) -> Settings:
        """Return what a profile comes to."""
        ...


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a metric."""

    attributes: Mapping[str, str]
    value: Value


Readings: TypeAlias = dict[Metric, list[Sample]]


def read(source: Source, names: Mapping[str, str]) -> Readings:
    """Return the samples of every metric that has one, all pools at one moment.

    Profiles of the same name in `names` are shown as one, their figures added up.
    """
    pools = source.stats_all()
    minima = {name: source.settings(name).pool.min_idle for name in pools}
    return samples(pools, minima, source.last_health(), names)


def samples(
    pools: Mapping[str, PoolStats],
    minima: Mapping[str, int],
    reports: Mapping[str, HealthReport],
    names: Mapping[str, str],
) -> Readings:
    """Do what `read` does, with what it has read; `minima` are the profiles' `pool.min_idle`."""
    totals: dict[tuple[str, Metric, str], Value | None] = {}
    for profile, stats in pools.items():
        _add_figures(totals, names[profile], stats, minima[profile])
    for profile, report in reports.items():
        for status in Status:
            key = names[profile], metrics.HEALTH_STATUS, status.value
            totals[key] = _add(totals.get(key, 0), int(report.status is status))
    readings: Readings = {}
    for (name, metric, what), value in totals.items():
        if value is not None:
            readings.setdefault(metric, []).append(Sample(_attributes(name, metric, what), value))
    return readings


def _add_figures(
    totals: dict[tuple[str, Metric, str], Value | None], name: str, stats: PoolStats, min_idle: int
) -> None:
    for figure in _FIGURES:
        key, value = (name, figure.metric, figure.state), figure.of(stats)
        totals[key] = figure.merge(totals[key], value) if key in totals else value
    # A pool that keeps nothing has the setting and does not use it.
    key = name, metrics.IDLE_MIN, ""
    totals[key] = _add(totals.get(key, 0), min_idle if stats.mode == "pooled" else 0)


def _attributes(name: str, metric: Metric, what: str) -> dict[str, str]:
    return {POOL_NAME: name} if metric.attribute is None else {POOL_NAME: name, metric.attribute: what}


# How several profiles come to one figure: the operands are two of a kind, or None where a profile has none.


def _add(one: Any, other: Any) -> Any:
    """Add what there is."""
    if one is None or other is None:
        return other if one is None else one
    return operator.add(one, other)


def _add_limits(one: Any, other: Any) -> Any:
    """Add limits: with one that has none, there is none."""
    return None if one is None or other is None else one + other


@dataclass(frozen=True, slots=True)
class _Figure:
    metric: Metric
    of: Callable[[PoolStats], Value | None]
    state: str = ""
    merge: Callable[[Any, Any], Any] = _add


def _figures() -> Iterator[_Figure]:
    yield _Figure(metrics.COUNT, lambda stats: stats.idle, "idle")
    yield _Figure(metrics.COUNT, lambda stats: stats.in_use, "used")
    yield _Figure(metrics.IDLE_MAX, lambda stats: stats.size)
    yield _Figure(metrics.MAX, lambda stats: stats.max, merge=_add_limits)
    yield _Figure(metrics.PENDING_REQUESTS, lambda stats: stats.waiting)
    yield _Figure(metrics.TIMEOUTS, lambda stats: stats.timeouts)
    yield _Figure(metrics.CREATE_TIME, lambda stats: stats.create)
    yield _Figure(metrics.WAIT_TIME, lambda stats: stats.wait)
    yield _Figure(metrics.USE_TIME, lambda stats: stats.use)
    yield _Figure(metrics.OLDEST_WAIT, lambda stats: stats.oldest_wait, merge=max)
    yield _Figure(metrics.REJECTED, lambda stats: stats.rejected)
    yield _Figure(metrics.CONNECT_FAILURES, lambda stats: stats.failed)
    yield _Figure(metrics.LEAKS, lambda stats: stats.leaks)
    yield _Figure(metrics.BREAKER_OPEN, _refuses)
    yield _Figure(metrics.RETRIES, lambda stats: stats.retries)


def _refuses(stats: PoolStats) -> int | None:
    # Half open, it still refuses: its one connect is the pool's own.
    return None if stats.breaker is None else int(stats.breaker != "closed")


_FIGURES: Final = tuple(_figures())

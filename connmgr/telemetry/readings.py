"""What the metrics of a registry show now, whoever asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from connmgr.errors import ConnmgrError
from connmgr.poolstats import PoolStats
from connmgr.report import SERVICE_STATES, HealthReport, ReloadStats, ServiceState, Status
from connmgr.settings import Settings
from connmgr.telemetry import metrics
from connmgr.telemetry.carried import Carried
from connmgr.telemetry.figures import COUNTED, FIGURES, Value, add
from connmgr.telemetry.metrics import POOL_NAME, Metric


class Source(Protocol):
    """What is asked of a registry; all of it may be called from any thread."""

    @property
    def is_open(self) -> bool:
        """Whether it is in service."""
        ...

    @property
    def reloads(self) -> ReloadStats:
        """How often it was reloaded, and refused to be."""
        ...

    @property
    def reload_error(self) -> Exception | None:
        """Why the last reload changed nothing; None once one succeeded."""
        ...

    def stats_all(self) -> dict[str, PoolStats]:
        """Return the counters of each profile in use, of one moment, in the order of first use."""
        ...

    def service_states(self) -> dict[str, ServiceState]:
        """Return how each profile serves that is in use, or not active."""
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
Totals: TypeAlias = dict[tuple[str, Metric, str], Value | None]


def read(source: Source, carried: Carried) -> Readings:
    """Return the samples of every metric that has one, all pools at one moment.

    Profiles of the same name in `carried` are shown as one, their figures added up. One that a reload takes
    away meanwhile is left out.
    """
    names, totals = carried.names, Totals()
    pools, past = carried.read(source.stats_all)
    shown = {}
    for profile, stats in pools.items():
        try:
            min_idle = source.settings(profile).pool.min_idle
        except ConnmgrError:
            continue
        shown[name := names[profile]] = past.get(names[profile], {})
        _add_figures(totals, name, stats, min_idle)
    for name, counts in shown.items():
        for metric in COUNTED:
            key = name, metric, ""
            totals[key] = carried.rising(name, metric, add(totals[key], counts.get(metric)))
    for profile, report in source.last_health().items():
        for status in Status:
            _add_to(
                totals, (names[profile], metrics.HEALTH_STATUS, status.value), int(report.status is status)
            )
    for profile, state in source.service_states().items():
        for each in SERVICE_STATES:
            _add_to(totals, (names[profile], metrics.STATE_OF_SERVICE, each), int(state == each))
    readings: Readings = {}
    for (name, metric, what), total in totals.items():
        if total is not None:
            readings.setdefault(metric, []).append(Sample(_attributes(name, metric, what), total))
    return readings | dict(_of_registry(source))


def _add_figures(totals: Totals, name: str, stats: PoolStats, min_idle: int) -> None:
    for figure in FIGURES:
        key, value = (name, figure.metric, figure.state), figure.of(stats)
        totals[key] = figure.merge(totals[key], value) if key in totals else value
    # A pool that keeps nothing has the setting and does not use it.
    _add_to(totals, (name, metrics.IDLE_MIN, ""), min_idle if stats.mode == "pooled" else 0)


def _add_to(totals: Totals, key: tuple[str, Metric, str], value: Value) -> None:
    totals[key] = add(totals.get(key), value)


def _attributes(name: str, metric: Metric, what: str) -> dict[str, str]:
    return {POOL_NAME: name} if metric.attribute is None else {POOL_NAME: name, metric.attribute: what}


def _of_registry(source: Source) -> Iterator[tuple[Metric, list[Sample]]]:
    """Yield what is of the registry as a whole, and has no name: those of several registries add up."""
    if source.is_open:
        reloads = source.reloads
        counts = {"applied": reloads.applied, "refused": reloads.refused}
        yield metrics.RELOADS, [Sample({metrics.RESULT: each}, value) for each, value in counts.items()]
        yield metrics.RELOAD_FAILED, [Sample({}, int(source.reload_error is not None))]

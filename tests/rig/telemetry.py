"""Reads back what was reported: metrics and spans from OpenTelemetry's SDK, samples from Prometheus' text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, Metric
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families

from connmgr.poolstats import PoolStats
from connmgr.report import HealthReport, ReloadStats, ServiceState
from connmgr.settings import PoolSettings, Settings
from connmgr.sqlite_target import SQLiteTarget

Key = tuple[str, frozenset[tuple[str, str]]]


def key(name: str, **labels: str) -> Key:
    """What a sample is found by."""
    return name, frozenset(labels.items())


class Sdk:
    """OpenTelemetry's SDK with readers in memory. A context manager: it is shut down at the end."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self._exporter = InMemorySpanExporter()
        self.meters = MeterProvider([self._reader], shutdown_on_exit=False)
        self.tracers = TracerProvider(shutdown_on_exit=False)
        self.tracers.add_span_processor(SimpleSpanProcessor(self._exporter))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _at: TracebackType | None
    ) -> None:
        self.meters.shutdown()
        self.tracers.shutdown()

    @property
    def metrics(self) -> dict[str, Metric]:
        """What one collection finds, by name."""
        data = self._reader.get_metrics_data()
        if data is None:
            return {}
        scopes = [scope for resource in data.resource_metrics for scope in resource.scope_metrics]
        found = [metric for scope in scopes for metric in scope.metrics]
        assert len({metric.name for metric in found}) == len(found)
        return {metric.name: metric for metric in found}

    def values(self) -> dict[Key, Any]:
        """The value of each point of one collection; of a histogram, its count and its sum."""
        return {
            key(
                metric.name, **{name: str(value) for name, value in (point.attributes or {}).items()}
            ): _value(point)
            for metric in self.metrics.values()
            for point in metric.data.data_points
        }

    @property
    def spans(self) -> dict[str, list[ReadableSpan]]:
        """The spans that have ended, by name."""
        spans: dict[str, list[ReadableSpan]] = {}
        for span in self._exporter.get_finished_spans():
            spans.setdefault(span.name, []).append(span)
        return spans


def _value(point: Any) -> Any:
    return (point.count, point.sum) if isinstance(point, HistogramDataPoint) else point.value


def parsed(text: bytes) -> dict[Key, float]:
    """The samples of a text in Prometheus' format, as its own parser reads them."""
    families = text_string_to_metric_families(text.decode())
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


@dataclass(eq=False)
class Pools:
    """A registry as telemetry sees it, with whatever counters a test puts in."""

    stats: dict[str, PoolStats] = field(default_factory=dict)
    reports: dict[str, HealthReport] = field(default_factory=dict)
    minima: Mapping[str, int] = field(default_factory=dict)
    states: dict[str, ServiceState] = field(default_factory=dict)
    reloads: ReloadStats = field(default_factory=ReloadStats)
    reload_error: Exception | None = None
    is_open: bool = True
    readings: int = 0

    def stats_all(self) -> dict[str, PoolStats]:
        """See `Registry`."""
        self.readings += 1
        return dict(self.stats)

    def last_health(self) -> dict[str, HealthReport]:
        """See `Registry`."""
        return dict(self.reports)

    def service_states(self) -> dict[str, ServiceState]:
        """See `Registry`."""
        return {**dict.fromkeys(self.stats, "active"), **self.states}

    def settings(self, name: str) -> Settings:
        """See `Registry`."""
        return Settings(name, SQLiteTarget(None), PoolSettings(min_idle=self.minima.get(name, 0)))

    def observe(self, observer: object) -> None:
        """See `Registry`."""
        self.observer = observer

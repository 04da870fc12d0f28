"""What it costs to be measured: sessions with `SELECT 1`, 50 at a time, with telemetry against without.

OpenTelemetry's SDK collects once a second, into nothing; Prometheus' text is made once a second, in a thread
of its own; the monitor asks the database once a second. With spans, each session is a request that is traced.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    MetricExporter,
    MetricExportResult,
    MetricsData,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.trace import TracerProvider

from benchmarks import report, table
from benchmarks.databases import databases, profiles, select
from benchmarks.harness import MIN_PAIRS, Operation, Sample, concurrent, in_turn
from benchmarks.table import Goal, Row, at_least
from connmgr import Registry
from connmgr.telemetry import exposition, instrument

NAME = "postgresql"
CONCURRENCY = 50
INTERVAL = 1.0
LEAD = 0.1
PACKAGES = ("opentelemetry-sdk", "prometheus-client")

Visit = Callable[[], Awaitable[Sample]]


class Nowhere(MetricExporter):
    """Takes what is collected, and forgets it."""

    def export(
        self, metrics_data: MetricsData, timeout_millis: float = 10_000, **_: object
    ) -> MetricExportResult:
        return MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        return True

    def shutdown(self, timeout_millis: float = 30_000, **_: object) -> None:
        pass


def main() -> None:
    """Measure and print."""
    parser = report.arguments(__doc__, pairs=MIN_PAIRS)
    parser.add_argument("--seconds", type=float, default=1.0, help="length of one visit")
    options = parser.parse_args()
    rows = asyncio.run(_rows(options.pairs, options.seconds))
    table.show("Measured against not", rows, packages=PACKAGES, as_json=options.json)


async def _rows(pairs: int, seconds: float) -> list[Row]:
    reader = PeriodicExportingMetricReader(Nowhere(), export_interval_millis=INTERVAL * 1000)
    meters, tracers = MeterProvider([reader]), TracerProvider()
    try:
        with databases() as urls, profiles({NAME: urls[NAME]}) as registry:
            async with registry:
                return await _measured(registry, meters, tracers, pairs, seconds)
    finally:
        meters.shutdown()
        tracers.shutdown()


async def _measured(
    registry: Registry, meters: MeterProvider, tracers: TracerProvider, pairs: int, seconds: float
) -> list[Row]:
    plain = select(registry, NAME)
    traced = _traced(plain, tracers)
    off, off_traced = (concurrent(each, CONCURRENCY, seconds, lead=LEAD) for each in (plain, traced))
    metrics, spans = _with_metrics(off, registry, meters), _with_spans(off_traced, registry, meters, tracers)
    scraped = _scraped(off, registry)
    goal = at_least(0.98)
    return [
        await _against("OpenTelemetry's metrics / off", metrics, off, pairs, goal),
        await _against("Prometheus, scraped once a second / off", scraped, off, pairs, goal),
        await _against("the same, and checked / off", _checked(scraped, registry), off, pairs, goal),
        await _against("traced: OpenTelemetry's metrics and spans / off", spans, off_traced, pairs),
        await _against("off / off, what this machine can tell apart", off, off, pairs),
    ]


async def _against(name: str, ours: Visit, theirs: Visit, pairs: int, goal: Goal | None = None) -> Row:
    # One after the other, and not all in turn: each has the same neighbours as what it is compared with.
    mine, others = await in_turn([ours, theirs], pairs)
    return table.throughput(name, mine, others, goal)


def _checked(visit: Visit, registry: Registry) -> Visit:
    """Have the health asked for once a second beside the visit."""

    async def check() -> None:
        while True:
            await registry.health_all(max_age=0)
            await asyncio.sleep(INTERVAL)

    async def measured() -> Sample:
        checking = asyncio.create_task(check())
        try:
            return await visit()
        finally:
            checking.cancel()

    return measured


def _with_metrics(visit: Visit, registry: Registry, meters: MeterProvider) -> Visit:
    async def measured() -> Sample:
        with instrument(registry, meter_provider=meters):
            return await visit()

    return measured


def _with_spans(visit: Visit, registry: Registry, meters: MeterProvider, tracers: TracerProvider) -> Visit:
    async def measured() -> Sample:
        with instrument(registry, meter_provider=meters, tracer_provider=tracers):
            return await visit()

    return measured


def _traced(operation: Operation, tracers: TracerProvider) -> Operation:
    tracer = tracers.get_tracer("application")

    async def request() -> None:
        with tracer.start_as_current_span("request"):
            await operation()

    return request


def _scraped(visit: Visit, registry: Registry) -> Visit:
    async def measured() -> Sample:
        with _scraper(registry):
            return await visit()

    return measured


@contextmanager
def _scraper(registry: Registry) -> Iterator[None]:
    enough = threading.Event()

    def scrape() -> None:
        exposition(registry)
        while not enough.wait(INTERVAL):
            exposition(registry)

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


if __name__ == "__main__":
    main()

"""Reports a registry to OpenTelemetry: metrics of its pools, spans of checkouts and of `run`."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Protocol, Self

from connmgr.observer import Observer
from connmgr.telemetry import extras
from connmgr.telemetry.carried import Carried
from connmgr.telemetry.metrics import Metric
from connmgr.telemetry.poolnames import LIMIT
from connmgr.telemetry.readings import Readings, Sample, Source, read

try:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

    from connmgr.telemetry.otel_durations import Durations
    from connmgr.telemetry.otel_instruments import Instruments, instruments_of
    from connmgr.telemetry.otel_readings import Collection
    from connmgr.telemetry.otel_spans import Spans, is_traced
except ModuleNotFoundError as missing:
    raise extras.without("otel", missing) from missing


class Observed(Source, Protocol):
    """What is asked of a registry."""

    def observe(self, observer: Observer | None) -> None:
        """Tell `observer` what happens, in place of whoever was told before."""
        ...


def instrument(
    registry: Observed,
    *,
    meter_provider: MeterProvider | None = None,
    tracer_provider: TracerProvider | None = None,
    limit: int = LIMIT,
) -> Instrumentation:
    """Report `registry` from now on, to the global providers unless others are given. Close what it returns.

    The first `limit` profiles keep their names, the rest are added up as `other`. Durations are those of
    checkouts from now on, all else counts since the profile's first use. Counters go on over reloads. Close
    the provider while the registry is still open, or flush it: one that is closed has nothing left to report.
    """
    return Instrumentation(registry, instruments_of(meter_provider), Spans(registry, tracer_provider), limit)


class Instrumentation:
    """The observer of one registry, and its readings. As a context manager, or closed by hand.

    A registry tells one observer: a second instrumentation takes the durations and spans of the first.
    """

    def __init__(self, registry: Observed, instruments: Instruments, spans: Spans, limit: int) -> None:
        self._registry = registry
        self._instruments = instruments
        self._spans = spans
        self._carried = Carried(limit)
        names = self._carried.names
        self._collection = Collection(self._read)
        self._wait = Durations(instruments.wait_time, names)
        self._use = Durations(instruments.use_time, names)
        self._create = Durations(instruments.create_time, names)
        instruments.add(self)
        registry.observe(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Report no more. What was measured until now is recorded; closed again, it does nothing."""
        if self._instruments.remove(self):
            self._registry.observe(None)
            self._flush()

    def samples(self, metric: Metric) -> Iterable[Sample]:
        """Return the samples of a metric, those of one collection all of one moment."""
        return self._collection.samples(metric)

    def _read(self) -> Readings:
        # The SDK calls all callbacks before it collects the histograms: these are up to date by then.
        self._flush()
        return read(self._registry, self._carried)

    def _flush(self) -> None:
        for durations in (self._wait, self._use, self._create):
            durations.flush()

    # What the registry tells --------------------------------------------------------------------------

    def checked_out(self, profile: str, seconds: float, error: BaseException | None) -> None:
        """See `Observer`."""
        traced = is_traced()
        self._wait[profile].add(seconds, at_once=traced)
        if traced:
            self._spans.checkout(profile, seconds, error)

    def checked_in(self, profile: str, seconds: float) -> None:
        """See `Observer`."""
        self._use[profile].add(seconds, at_once=is_traced())

    def connected(self, profile: str, seconds: float) -> None:
        """See `Observer`."""
        self._create[profile].add(seconds, at_once=False)

    def running(self, profile: str) -> AbstractContextManager[object]:
        """See `Observer`."""
        return self._spans.run(profile)

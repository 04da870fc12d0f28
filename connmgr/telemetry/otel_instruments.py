"""The instruments of a meter provider, which all registries that report to it share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from importlib.metadata import version
from threading import Lock
from typing import Final, Protocol, cast
from weakref import WeakKeyDictionary

from opentelemetry import metrics as api

from connmgr.telemetry import metrics
from connmgr.telemetry.metrics import BOUNDARIES, METRICS, Instrument, Metric
from connmgr.telemetry.readings import Sample

SCOPE: Final = "connmgr"


class Reporter(Protocol):
    """Who reports: one registry."""

    def samples(self, metric: Metric) -> Iterable[Sample]:
        """Return the samples of a metric now."""
        ...


class Instruments:
    """Three histograms, and the observable instruments, whose callbacks ask every reporter.

    A provider makes them once: the API takes no callback back, and the SDK ignores those of an instrument
    that it has already. Whoever reported after another would report nothing.
    """

    def __init__(self, provider: api.MeterProvider) -> None:
        self._reporters: tuple[Reporter, ...] = ()
        meter = api.get_meter(SCOPE, version("connmgr"), provider)
        self.create_time = _histogram(meter, metrics.CREATE_TIME)
        self.wait_time = _histogram(meter, metrics.WAIT_TIME)
        self.use_time = _histogram(meter, metrics.USE_TIME)
        create = {
            Instrument.GAUGE: meter.create_observable_gauge,
            Instrument.UPDOWNCOUNTER: meter.create_observable_up_down_counter,
            Instrument.COUNTER: meter.create_observable_counter,
        }
        for each in METRICS:
            if each.instrument is not Instrument.HISTOGRAM:
                callback = partial(self._observe, each)
                create[each.instrument](each.name, [callback], each.unit, each.description)

    def add(self, reporter: Reporter) -> None:
        """Ask `reporter` from now on."""
        with _lock:
            self._reporters = (*self._reporters, reporter)

    def remove(self, reporter: Reporter) -> bool:
        """Ask `reporter` no more; say whether it was asked until now."""
        with _lock:
            left = tuple(each for each in self._reporters if each is not reporter)
            was_asked, self._reporters = len(left) < len(self._reporters), left
        return was_asked

    def _observe(self, metric: Metric, _options: api.CallbackOptions) -> Iterator[api.Observation]:
        for reporter in self._reporters:
            for sample in reporter.samples(metric):
                yield api.Observation(cast(float, sample.value), sample.attributes)


def instruments_of(provider: api.MeterProvider | None) -> Instruments:
    """Return the instruments of a provider; None is the global one, be it set now or later."""
    global _of_global
    known = provider or api.get_meter_provider()
    with _lock:
        if known not in _made:
            # Those that were made before the application set its provider have gone over to it.
            is_global = known is api.get_meter_provider()
            _made[known] = (_of_global if is_global else None) or Instruments(known)
            _of_global = _made[known] if is_global else _of_global
        return _made[known]


_lock: Final = Lock()
_made: Final[WeakKeyDictionary[api.MeterProvider, Instruments]] = WeakKeyDictionary()
_of_global: Instruments | None = None


def _histogram(meter: api.Meter, metric: Metric) -> api.Histogram:
    return meter.create_histogram(
        metric.name, metric.unit, metric.description, explicit_bucket_boundaries_advisory=BOUNDARIES
    )

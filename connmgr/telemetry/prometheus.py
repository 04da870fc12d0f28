"""A registry's metrics for Prometheus: the one door to prometheus_client."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate
from threading import Lock
from typing import Any, Final, cast
from weakref import WeakKeyDictionary

from connmgr.poolstats import Histogram
from connmgr.telemetry import extras
from connmgr.telemetry.carried import Carried
from connmgr.telemetry.metrics import METRICS, Instrument, Metric, exposed
from connmgr.telemetry.poolnames import LIMIT
from connmgr.telemetry.readings import Sample, Source, read

try:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
    from prometheus_client.exposition import choose_encoder
    from prometheus_client.metrics_core import Metric as Family
    from prometheus_client.registry import Collector
except ModuleNotFoundError as missing:
    raise extras.without("prometheus", missing) from missing

_POWERS: Final = range(7, 27)
"""The powers of two of a microsecond that bound a bucket: 128 µs to 67 s, beyond `pool.timeout`.

The same ones whatever was counted: quantiles over several processes need equal buckets in all of them.
"""

BOUNDS: Final = tuple(f"{2**power / 1e6}" for power in _POWERS)


class PoolCollector(Collector):
    """The pools of a registry as a collector: `REGISTRY.register(PoolCollector(registry))`.

    It reads at each scrape, from whichever thread scrapes, and costs nothing between. The first `limit`
    profiles keep their names, the rest are added up as `other`.
    """

    def __init__(self, registry: Source, limit: int = LIMIT) -> None:
        self._source = registry
        self._carried = Carried(limit)

    def describe(self) -> Iterable[Family]:
        """Return every family without a sample: registering must not read a registry that is not open."""
        return [_family(metric, ()) for metric in METRICS]

    def collect(self) -> Iterable[Family]:
        """Return the families that have samples, all pools at one moment."""
        readings = read(self._source, self._carried)
        return [_family(metric, readings[metric]) for metric in METRICS if metric in readings]


def exposition(registry: Source, accept: str | None = None, limit: int = LIMIT) -> tuple[bytes, str]:
    """Return the text of a scrape and its content type, for a route of the application's own.

    `accept` is the header of the request: OpenMetrics for who asks for it, else Prometheus' own format. Names
    and counters go on from one text of a registry to the next, as those of one collector do.
    """
    encode, content_type = choose_encoder(accept or "")
    collector = PoolCollector(registry, limit)
    collector._carried = _carried_for(registry, limit)
    return encode(collector), content_type


_scraped: Final[WeakKeyDictionary[Source, dict[int, Carried]]] = WeakKeyDictionary()
_lock: Final = Lock()


def _carried_for(registry: Source, limit: int) -> Carried:
    """Return what was carried from scrape to scrape of a registry."""
    with _lock:
        return _scraped.setdefault(registry, {}).setdefault(limit, Carried(limit))


def _family(metric: Metric, samples: Iterable[Sample]) -> Family:
    labels = [exposed(attribute) for attribute in metric.attributes]
    unit = "seconds" if metric.unit == "s" else ""
    family: Any = _FAMILIES[metric.instrument](
        metric.exposed_name, metric.description, labels=labels, unit=unit
    )
    for sample in samples:
        values = list(sample.attributes.values())
        if isinstance(sample.value, Histogram):
            family.add_metric(values, _buckets(sample.value), sum_value=sample.value.total)
        else:
            family.add_metric(values, sample.value)
    return cast(Family, family)


_FAMILIES: Final[Mapping[Instrument, Any]] = {
    Instrument.GAUGE: GaugeMetricFamily,
    Instrument.UPDOWNCOUNTER: GaugeMetricFamily,
    Instrument.COUNTER: CounterMetricFamily,
    Instrument.HISTOGRAM: HistogramMetricFamily,
}


def _buckets(histogram: Histogram) -> list[tuple[str, int]]:
    """Return the cumulative counts by their upper bounds."""
    up_to = list(accumulate(histogram.counts))
    total = up_to[-1] if up_to else 0
    within = [up_to[power] if power < len(up_to) else total for power in _POWERS]
    return [*zip(BOUNDS, within, strict=True), ("+Inf", total)]

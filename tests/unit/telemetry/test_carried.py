"""Counters never fall, whatever becomes of the engines that counted."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from opentelemetry.sdk.metrics import MeterProvider, ObservableCounter
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader

from connmgr.poolstats import Histogram, PoolStats
from connmgr.telemetry import metrics
from connmgr.telemetry.carried import Carried
from connmgr.telemetry.otel import instrument
from connmgr.telemetry.prometheus import PoolCollector, exposition
from connmgr.telemetry.readings import read
from tests.rig.telemetry import Pools, parsed
from tests.rig.wait import wait_until_sync
from tests.unit.telemetry.test_readings import BUSY, values

NEW = PoolStats("pooled", 5, 15)
COUNTERS = ("_total", "_seconds_count", "_seconds_sum", "_seconds_bucket")


def timeouts(pools: Pools, carried: Carried) -> dict[tuple[str, ...], object]:
    return values(read(pools, carried), metrics.TIMEOUTS)


def test_an_engine_that_was_made_anew_counts_on() -> None:
    pools, carried = Pools({"orders": BUSY}), Carried()
    told = [timeouts(pools, carried)["orders",]]
    for stats in (NEW, replace(NEW, timeouts=1), NEW, NEW):
        pools.stats["orders"] = stats
        told.append(timeouts(pools, carried)["orders",])

    assert told == [3, 3, 4, 4, 4]


def test_histograms_go_on_bucket_by_bucket() -> None:
    pools, carried = Pools({"orders": replace(NEW, wait=Histogram((1, 2), 0.5))}), Carried()
    read(pools, carried)
    # More than before in all, and less in one bucket.
    pools.stats["orders"] = replace(NEW, wait=Histogram((0, 0, 9), 7.0))

    readings = read(pools, carried)

    assert values(readings, metrics.WAIT_TIME) == {("orders",): Histogram((1, 2, 9), 7.5)}


def test_other_does_not_fall_by_what_a_profile_of_it_had_counted() -> None:
    pools, carried = Pools({"a": BUSY, "b": BUSY, "c": BUSY}), Carried(1)
    told = [timeouts(pools, carried)]
    del pools.stats["c"]
    told.append(timeouts(pools, carried))
    pools.stats |= {"d": replace(NEW, timeouts=1)}
    told.append(timeouts(pools, carried))

    assert [each["other",] for each in told] == [6, 6, 7]


def test_a_profile_that_was_removed_has_no_sample_and_counts_on_when_it_comes_back() -> None:
    pools, carried = Pools({"orders": BUSY}), Carried()
    read(pools, carried)
    del pools.stats["orders"]
    gone = read(pools, carried)
    pools.stats["orders"] = replace(NEW, timeouts=2)

    assert set(gone) == {metrics.RELOADS, metrics.RELOAD_FAILED}
    assert timeouts(pools, carried) == {("orders",): 5}


@pytest.mark.parametrize("is_collector", [True, False])
def test_prometheus_sees_no_counter_fall_over_many_reloads(is_collector: bool) -> None:
    """In the texts of a route, too, each of which is written by itself."""
    random_ = random.Random(7)
    pools = Pools(dict.fromkeys("abcdef", BUSY))
    collector = PoolCollector(pools, 3)
    before: dict[object, float] = {}
    for _ in range(100):
        name = random_.choice("abcdefgh")
        pools.stats.pop(name, None)
        if random_.random() < 0.8:
            pools.stats[name] = replace(
                BUSY,
                timeouts=random_.randrange(9),
                wait=Histogram((random_.randrange(9),), random_.random()),
            )
        if is_collector:
            samples = {
                (each.name, tuple(each.labels.items())): each.value
                for family in collector.collect()
                for each in family.samples
            }
            now = {key: value for key, value in samples.items() if key[0].endswith(COUNTERS)}
        else:
            found = parsed(exposition(pools, limit=3)[0])
            now = {key: value for key, value in found.items() if key[0].endswith(COUNTERS)}
        assert [key for key, value in now.items() if value < before.get(key, 0)] == []
        assert len(now) > 20
        before |= now


def test_no_delta_of_opentelemetrys_is_negative() -> None:
    pools = Pools({"orders": BUSY})
    reader = InMemoryMetricReader(preferred_temporality={ObservableCounter: AggregationTemporality.DELTA})
    provider = MeterProvider([reader], shutdown_on_exit=False)
    deltas = []
    with instrument(pools, meter_provider=provider):
        for stats in (BUSY, NEW, replace(NEW, timeouts=2)):
            pools.stats["orders"] = stats
            data = reader.get_metrics_data()
            assert data is not None
            found = {each.name: each for each in data.resource_metrics[0].scope_metrics[0].metrics}
            (point,) = found["db.client.connection.timeouts"].data.data_points
            deltas.append(point.value)  # type: ignore[union-attr] # a number's, not a histogram's
    provider.shutdown()

    assert deltas == [3, 0, 2]


def test_a_reading_that_another_thread_overtakes_is_not_taken_for_a_new_engine() -> None:
    overtaken = threading.Event()

    class Counting(Pools):
        def stats_all(self) -> dict[str, PoolStats]:
            self.readings += 1
            counted = self.readings
            if counted == 1:
                overtaken.wait(0.5)  # in vain, where one reads at a time
            return {"orders": replace(NEW, timeouts=counted)}

    pools, carried = Counting(), Carried()
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(read, pools, carried)
        wait_until_sync(lambda: pools.readings == 1, what="the first to read")
        second = threads.submit(read, pools, carried)
        second.add_done_callback(lambda _: overtaken.set())
        first.result()
        second.result()

    assert timeouts(pools, carried) == {("orders",): 3}


def test_what_is_remembered_is_bounded_however_many_profiles_come_and_go() -> None:
    pools, carried = Pools(), Carried(2)
    for number in range(100):
        pools.stats = {f"p{number}": BUSY}
        read(pools, carried)

    assert (len(carried.names), len(carried._last), len(carried._past)) == (2, 1, 3)

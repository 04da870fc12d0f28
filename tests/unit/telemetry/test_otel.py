"""What OpenTelemetry's SDK collects is what the pools count; closed, nothing is reported any more."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest
from opentelemetry.sdk.metrics.export import HistogramDataPoint

from connmgr.report import Status
from connmgr.telemetry.metrics import BOUNDARIES, METRICS, POOL_NAME, Instrument
from connmgr.telemetry.otel import instrument
from connmgr.telemetry.otel_durations import FULL
from tests.rig.telemetry import Pools, Sdk, key
from tests.unit.telemetry.test_readings import BUSY, report

ORDERS = {POOL_NAME: "orders"}
WAIT = "db.client.connection.wait_time"
TIMEOUTS = "db.client.connection.timeouts"


@pytest.fixture
def sdk() -> Iterator[Sdk]:
    with Sdk() as sdk:
        yield sdk


@pytest.fixture
def pools() -> Pools:
    return Pools({"orders": BUSY}, {"orders": report("orders", Status.HEALTHY)})


def test_every_metric_is_collected_with_its_name_unit_and_description(sdk: Sdk, pools: Pools) -> None:
    with instrument(pools, meter_provider=sdk.meters) as reported:
        reported.checked_out("orders", 0.1, None)
        reported.checked_in("orders", 0.1)
        reported.connected("orders", 0.1)

        found = sdk.metrics

    assert {(each.name, each.unit, each.description) for each in found.values()} == {
        (metric.name, metric.unit, metric.description) for metric in METRICS
    }
    sums = {each.name: getattr(each.data, "is_monotonic", None) for each in found.values()}
    assert sums == {
        metric.name: {Instrument.COUNTER: True, Instrument.UPDOWNCOUNTER: False}.get(metric.instrument)
        for metric in METRICS
    }


def test_gauges_and_counters_are_the_pools(sdk: Sdk, pools: Pools) -> None:
    with instrument(pools, meter_provider=sdk.meters):
        found = sdk.values()

    assert found[key(TIMEOUTS, **ORDERS)] == 3
    assert found[key("connmgr.pool.oldest_wait", **ORDERS)] == 1.5
    state = {POOL_NAME: "orders", "db.client.connection.state": "used"}
    assert found[key("db.client.connection.count", **state)] == 3


def test_one_collection_reads_once(sdk: Sdk, pools: Pools) -> None:
    with instrument(pools, meter_provider=sdk.meters):
        sdk.values()
        first = pools.readings
        pools.stats["orders"] = replace(BUSY, timeouts=4)
        found = sdk.values()

    assert (first, pools.readings) == (1, 2)
    assert found[key(TIMEOUTS, **ORDERS)] == 4


@pytest.mark.parametrize("count", [1, FULL - 1, FULL, 3 * FULL + 1])
def test_a_collection_finds_every_duration_that_was_told(sdk: Sdk, pools: Pools, count: int) -> None:
    """The SDK calls the callbacks of observable instruments before it collects histograms."""
    with instrument(pools, meter_provider=sdk.meters) as reported:
        for number in range(count):
            reported.checked_out("orders", number / 7, None)
        found = sdk.values()

    assert found[key(WAIT, **ORDERS)] == (count, sum(number / 7 for number in range(count)))


def test_histograms_have_the_buckets_of_the_conventions(sdk: Sdk, pools: Pools) -> None:
    with instrument(pools, meter_provider=sdk.meters) as reported:
        reported.checked_out("orders", 0.0, None)
        (point,) = sdk.metrics[WAIT].data.data_points

    assert isinstance(point, HistogramDataPoint)
    assert point.explicit_bounds == BOUNDARIES


def test_with_a_span_a_duration_is_recorded_in_order_and_its_span_is_the_example(
    sdk: Sdk, pools: Pools
) -> None:
    with instrument(pools, meter_provider=sdk.meters, tracer_provider=sdk.tracers) as reported:
        for _ in range(2):
            reported.checked_out("orders", 1.0, None)
        with sdk.tracers.get_tracer("app").start_as_current_span("request") as span:
            reported.checked_out("orders", 1e16, None)
        reported.checked_out("orders", 1.0, None)
        (point,) = sdk.metrics[WAIT].data.data_points

    assert isinstance(point, HistogramDataPoint)
    assert (point.count, point.sum) == (4, 1.0 + 1.0 + 1e16 + 1.0) != (4, 1e16 + 1.0 + 1.0 + 1.0)
    assert [each.span_id for each in point.exemplars] == [span.get_span_context().span_id]


def test_beyond_the_limit_durations_and_counters_have_the_same_names(sdk: Sdk, pools: Pools) -> None:
    pools.stats = dict.fromkeys(("a", "b", "c"), BUSY)
    with instrument(pools, meter_provider=sdk.meters, limit=1) as reported:
        for name in ("a", "b", "c", "a"):
            reported.checked_out(name, 0.5, None)
        found = sdk.values()

    assert {labels for name, labels in found if name == WAIT} == {
        labels for name, labels in found if name == TIMEOUTS
    }
    assert found[key(WAIT, **{POOL_NAME: "other"})] == (2, 1.0)
    assert found[key(TIMEOUTS, **{POOL_NAME: "other"})] == 6


def test_closed_it_reports_what_it_kept_back_and_no_more(sdk: Sdk, pools: Pools) -> None:
    with instrument(pools, meter_provider=sdk.meters) as reported:
        reported.checked_out("orders", 0.5, None)
    reported.close()

    found = sdk.values()

    assert found == {key(WAIT, **ORDERS): (1, 0.5)}
    assert pools.observer is None


def test_it_may_be_closed_and_begun_again(sdk: Sdk, pools: Pools) -> None:
    """The API takes no callback back, and the SDK takes no second one for an instrument that it has."""
    instrument(pools, meter_provider=sdk.meters).close()

    with instrument(pools, meter_provider=sdk.meters):
        found = sdk.values()

    assert found[key(TIMEOUTS, **ORDERS)] == 3


def test_two_registries_report_to_one_provider(sdk: Sdk, pools: Pools) -> None:
    others = Pools({"customers": BUSY})

    with instrument(pools, meter_provider=sdk.meters), instrument(others, meter_provider=sdk.meters):
        found = sdk.values()

    assert {dict(labels)[POOL_NAME] for name, labels in found if name == TIMEOUTS} == {"orders", "customers"}


def test_two_providers_have_the_same_figures(sdk: Sdk, pools: Pools) -> None:
    with (
        Sdk() as other,
        instrument(pools, meter_provider=sdk.meters),
        instrument(pools, meter_provider=other.meters),
    ):
        found, others = sdk.values(), other.values()

    assert found == others != {}


def test_without_an_sdk_nothing_is_reported_and_nothing_fails(pools: Pools) -> None:
    with instrument(pools) as reported:
        reported.checked_out("orders", 0.5, None)
        with reported.running("orders"):
            pass


LATE_PROVIDER = """
from opentelemetry import metrics
from connmgr.telemetry import instrument
from tests.rig.telemetry import Pools, Sdk, key
from tests.unit.telemetry.test_readings import BUSY

def timeouts(found):
    return [value for (name, _), value in found.items() if name == "db.client.connection.timeouts"]

pools = Pools({"orders": BUSY})
early = instrument(pools)
with Sdk() as sdk:
    metrics.set_meter_provider(sdk.meters)
    assert timeouts(sdk.values()) == [3]
    early.close()
    for provider in (None, sdk.meters):
        with instrument(pools, meter_provider=provider):
            assert timeouts(sdk.values()) == [3]
"""


def test_the_global_provider_may_be_set_later() -> None:
    """In a process of its own: it is set once and for all."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", LATE_PROVIDER], check=False, timeout=60)

    assert done.returncode == 0


def test_durations_of_ever_other_profiles_are_kept_under_as_many_names_as_there_may_be(
    sdk: Sdk, pools: Pools
) -> None:
    with instrument(pools, meter_provider=sdk.meters, limit=1) as reported:
        for number in range(100):
            reported.checked_out(f"p{number}", 0.5, None)
        kept = len(reported._wait)
        found = sdk.values()

    assert kept == 1
    assert found[key(WAIT, **{POOL_NAME: "other"})] == (99, 49.5)

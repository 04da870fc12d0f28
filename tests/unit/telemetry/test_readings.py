"""What the metrics show follows from the pools' counters alone."""

from __future__ import annotations

import datetime as dt

import pytest

from connmgr.errors import ConnmgrError, ProfileRemoved
from connmgr.poolstats import BreakerState, Histogram, PoolStats
from connmgr.report import HealthReport, ReloadStats, Status
from connmgr.settings import Settings
from connmgr.telemetry import metrics
from connmgr.telemetry.carried import Carried
from connmgr.telemetry.metrics import METRICS, POOL_NAME, Metric
from connmgr.telemetry.readings import Readings, Value, read
from tests.rig.telemetry import Pools

BUSY = PoolStats(
    "pooled",
    size=5,
    max=15,
    open=4,
    idle=1,
    waiting=7,
    oldest_wait=1.5,
    breaker="closed",
    checkouts=100,
    timeouts=3,
    rejected=4,
    failed=5,
    leaks=6,
    retries=8,
    retiring=9,
    wait=Histogram((1, 2), 0.5),
    use=Histogram((0, 3), 0.25),
    create=Histogram((4,), 0.125),
)


def report(profile: str, status: Status) -> HealthReport:
    now = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    return HealthReport(profile, status, "ok", True, False, 1.0, now)


def values(readings: Readings, metric: Metric) -> dict[tuple[str, ...], Value]:
    """The values of a metric by its attributes' values, the pool's name first."""
    found = {tuple(sample.attributes.values()): sample.value for sample in readings.get(metric, ())}
    assert len(found) == len(readings.get(metric, ()))
    return found


def of(pools: Pools, metric: Metric, limit: int = 200) -> dict[tuple[str, ...], Value]:
    return values(read(pools, Carried(limit)), metric)


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        (metrics.IDLE_MAX, 5),
        (metrics.IDLE_MIN, 2),
        (metrics.MAX, 15),
        (metrics.PENDING_REQUESTS, 7),
        (metrics.TIMEOUTS, 3),
        (metrics.CREATE_TIME, BUSY.create),
        (metrics.WAIT_TIME, BUSY.wait),
        (metrics.USE_TIME, BUSY.use),
        (metrics.OLDEST_WAIT, 1.5),
        (metrics.REJECTED, 4),
        (metrics.CONNECT_FAILURES, 5),
        (metrics.LEAKS, 6),
        (metrics.BREAKER_OPEN, 0),
        (metrics.RETRIES, 8),
        (metrics.RETIRING, 9),
    ],
    ids=lambda each: each.name if isinstance(each, Metric) else "",
)
def test_a_metric_shows_a_counter_of_the_pool(metric: Metric, value: Value) -> None:
    assert of(Pools({"orders": BUSY}, minima={"orders": 2}), metric) == {("orders",): value}


def test_open_connections_are_idle_or_used() -> None:
    assert of(Pools({"orders": BUSY}), metrics.COUNT) == {("orders", "idle"): 1, ("orders", "used"): 3}


def test_every_metric_but_health_is_there_for_a_pool_in_use_with_a_breaker() -> None:
    assert set(read(Pools({"orders": BUSY}), Carried())) == set(METRICS) - {metrics.HEALTH_STATUS}


def test_attributes_are_named_as_the_table_says() -> None:
    readings = read(Pools({"orders": BUSY}, {"orders": report("orders", Status.HEALTHY)}), Carried())

    assert set(readings) == set(METRICS)
    assert [
        metric.name
        for metric, samples in readings.items()
        if any(tuple(sample.attributes) != metric.attributes for sample in samples)
    ] == []


def test_a_profile_that_is_not_in_use_has_no_metric() -> None:
    assert set(read(Pools(), Carried())) == {metrics.RELOADS, metrics.RELOAD_FAILED}


def test_a_registry_that_is_not_open_has_none_either() -> None:
    assert read(Pools(is_open=False), Carried()) == {}


def test_what_keeps_no_connections_has_no_limit_and_keeps_none_ready() -> None:
    pools = Pools({"files": PoolStats("none", 0, None, open=1)}, minima={"files": 3})

    assert of(pools, metrics.MAX) == {}
    assert of(pools, metrics.IDLE_MIN) == of(pools, metrics.IDLE_MAX) == {("files",): 0}


@pytest.mark.parametrize(("state", "shown"), [("closed", 0), ("open", 1), ("half_open", 1)])
def test_a_breaker_is_open_while_it_refuses(state: BreakerState, shown: int) -> None:
    pools = Pools({"a": PoolStats("pooled", 1, 1, breaker=state), "b": PoolStats("pooled", 1, 1)})

    assert of(pools, metrics.BREAKER_OPEN) == {("a",): shown}


def test_the_status_of_the_last_check_is_one_and_the_others_zero() -> None:
    pools = Pools({"a": BUSY, "b": BUSY}, {"a": report("a", Status.DEGRADED)})

    assert of(pools, metrics.HEALTH_STATUS) == {
        ("a", "healthy"): 0,
        ("a", "degraded"): 1,
        ("a", "unhealthy"): 0,
    }


def test_a_profile_that_could_not_be_put_in_use_has_a_status_all_the_same() -> None:
    pools = Pools(reports={"a": report("a", Status.UNHEALTHY)})

    assert of(pools, metrics.HEALTH_STATUS)["a", "unhealthy"] == 1


def test_beyond_the_limit_figures_are_added_up() -> None:
    small = PoolStats("pooled", 1, 2, open=1, waiting=1, oldest_wait=9.0, timeouts=1, wait=Histogram((5,), 1))
    pools = Pools({"a": BUSY, "b": small, "c": BUSY}, minima={"b": 1, "c": 1})

    readings = read(pools, Carried(1))

    assert values(readings, metrics.COUNT)["other", "used"] == 1 + 3
    assert values(readings, metrics.MAX) == {("a",): 15, ("other",): 17}
    assert values(readings, metrics.IDLE_MIN) == {("a",): 0, ("other",): 2}
    assert values(readings, metrics.TIMEOUTS) == {("a",): 3, ("other",): 4}
    assert values(readings, metrics.OLDEST_WAIT) == {("a",): 1.5, ("other",): 9.0}
    assert values(readings, metrics.WAIT_TIME)["other",] == Histogram((6, 2), 1.5)
    assert values(readings, metrics.BREAKER_OPEN) == {("a",): 0, ("other",): 0}


def test_beyond_the_limit_one_without_a_limit_leaves_none() -> None:
    pools = Pools({"a": BUSY, "b": PoolStats("none", 0, None)})

    assert of(pools, metrics.MAX, limit=0) == {}


def test_beyond_the_limit_each_status_counts_its_profiles() -> None:
    statuses = {"a": Status.HEALTHY, "b": Status.UNHEALTHY, "c": Status.UNHEALTHY}
    pools = Pools(reports={name: report(name, status) for name, status in statuses.items()})

    found = of(pools, metrics.HEALTH_STATUS, limit=0)

    assert found == {("other", "healthy"): 1, ("other", "degraded"): 0, ("other", "unhealthy"): 2}


def test_a_profile_of_the_name_other_is_added_to_the_rest() -> None:
    pools = Pools({"other": BUSY, "b": BUSY})

    assert of(pools, metrics.TIMEOUTS, limit=1) == {("other",): 6}


def test_all_pools_are_read_at_one_moment() -> None:
    pools = Pools({"a": BUSY, "b": BUSY})

    read(pools, Carried())

    assert pools.readings == 1


def test_values_name_the_pool() -> None:
    (sample,) = read(Pools({"orders": BUSY}), Carried())[metrics.TIMEOUTS]

    assert sample.attributes[POOL_NAME] == "orders"


def test_how_a_profile_serves_is_one_and_the_others_zero() -> None:
    pools = Pools({"a": BUSY, "b": BUSY}, states={"b": "paused", "drained": "disabled"})

    found = of(pools, metrics.STATE_OF_SERVICE)

    assert {key for key, value in found.items() if value == 1} == {
        ("a", "active"),
        ("b", "paused"),
        ("drained", "disabled"),
    }
    assert len(found) == 9


@pytest.mark.parametrize(("error", "failed"), [(None, 0), (ConnmgrError("a file is wrong"), 1)])
def test_reloads_are_of_the_registry_and_of_no_pool(error: ConnmgrError | None, failed: int) -> None:
    readings = read(Pools(reloads=ReloadStats(applied=5, refused=2), reload_error=error), Carried())

    assert values(readings, metrics.RELOADS) == {("applied",): 5, ("refused",): 2}
    assert values(readings, metrics.RELOAD_FAILED) == {(): failed}


def test_a_profile_that_is_removed_during_the_reading_is_left_out() -> None:
    class Removing(Pools):
        def settings(self, name: str) -> Settings:
            if name == "gone":
                raise ProfileRemoved(name)
            return super().settings(name)

    readings = read(Removing({"gone": BUSY, "stays": BUSY}), Carried())

    assert values(readings, metrics.TIMEOUTS) == {("stays",): 3}

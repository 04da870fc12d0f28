"""Prometheus' own parsers read what the collector writes, and find the pools' counters in it."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families

from connmgr.poolstats import Histogram, PoolStats
from connmgr.report import Status
from connmgr.telemetry.metrics import METRICS, Instrument
from connmgr.telemetry.prometheus import BOUNDS, PoolCollector, exposition
from tests.rig.telemetry import Pools, key, parsed
from tests.unit.telemetry.test_readings import BUSY, report

NAME = "db_client_connection_pool_name"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@pytest.fixture
def pools() -> Pools:
    return Pools({"orders": BUSY}, {"orders": report("orders", Status.DEGRADED)})


def test_names_and_labels_are_those_of_opentelemetrys_exporter(pools: Pools) -> None:
    found = parsed(exposition(pools)[0])

    used = {NAME: "orders", "db_client_connection_state": "used"}
    assert found[key("db_client_connection_count", **used)] == 3
    assert found[key("db_client_connection_max", **{NAME: "orders"})] == 15
    assert found[key("db_client_connection_pending_requests", **{NAME: "orders"})] == 7
    assert found[key("db_client_connection_timeouts_total", **{NAME: "orders"})] == 3
    assert found[key("db_client_connection_wait_time_seconds_count", **{NAME: "orders"})] == 3
    assert found[key("connmgr_pool_oldest_wait_seconds", **{NAME: "orders"})] == 1.5
    status = {NAME: "orders", "connmgr_health_status": "degraded"}
    assert found[key("connmgr_health_status", **status)] == 1


def test_a_histogram_is_cumulative_and_its_sum_and_count_are_the_pools() -> None:
    wait = Histogram((5, *[0] * 6, 1, 2, *[0] * 17, 3, *[0] * 13, 4), 1 / 3)
    pools = Pools({"orders": PoolStats("pooled", 1, 1, wait=wait)})

    found = parsed(exposition(pools)[0])

    name = "db_client_connection_wait_time_seconds"
    buckets = {
        float(dict(labels)["le"]): value
        for (sample, labels), value in found.items()
        if sample == f"{name}_bucket"
    }
    assert buckets[0.000128] == 6
    assert buckets[0.000256] == buckets[2**25 / 1e6] == 8
    assert buckets[2**26 / 1e6] == 11
    assert buckets[float("inf")] == found[key(f"{name}_count", **{NAME: "orders"})] == wait.count == 15
    assert found[key(f"{name}_sum", **{NAME: "orders"})] == 1 / 3
    assert sorted(buckets.values()) == [buckets[bound] for bound in sorted(buckets)]


def test_what_is_shorter_than_every_bound_is_in_every_bucket(pools: Pools) -> None:
    pools.stats["orders"] = PoolStats("pooled", 1, 1, wait=Histogram((5,), 0.0))

    found = parsed(exposition(pools)[0])

    buckets = [value for (name, _), value in found.items() if name.endswith("wait_time_seconds_bucket")]
    assert buckets == [5] * (len(BOUNDS) + 1)


def test_buckets_are_the_same_whatever_was_counted(pools: Pools) -> None:
    pools.stats["empty"] = PoolStats("pooled", 1, 1)

    bounds = {
        name: [
            dict(labels)["le"]
            for (sample, labels) in parsed(exposition(pools)[0])
            if sample == "db_client_connection_use_time_seconds_bucket" and dict(labels)[NAME] == name
        ]
        for name in pools.stats
    }

    assert bounds["empty"] == bounds["orders"] == [*BOUNDS, "+Inf"]


@pytest.mark.parametrize("accept", [None, "", "*/*", "text/plain", "text/plain;version=0.0.4"])
def test_who_asks_for_nothing_else_gets_prometheus_own_format(pools: Pools, accept: str | None) -> None:
    text, content_type = exposition(pools, accept)

    assert content_type.startswith("text/plain")
    kinds = {family.name: family.type for family in text_string_to_metric_families(text.decode())}
    assert kinds["db_client_connection_timeouts"] == "counter"
    assert kinds["db_client_connection_use_time_seconds"] == "histogram"
    assert kinds["db_client_connection_count"] == "gauge"


def test_who_asks_for_openmetrics_gets_it(pools: Pools) -> None:
    text, content_type = exposition(pools, OPENMETRICS)

    assert content_type.startswith("application/openmetrics-text")
    families = {family.name: family for family in openmetrics_families(text.decode())}
    assert len(families) == len(METRICS)
    assert families["connmgr_pool_oldest_wait_seconds"].unit == "seconds"
    assert text.endswith(b"# EOF\n")


def test_every_metric_is_described_and_has_the_kind_of_its_instrument(pools: Pools) -> None:
    described = {family.name: family for family in PoolCollector(pools).describe()}

    kinds = {Instrument.COUNTER: "counter", Instrument.HISTOGRAM: "histogram"}
    assert pools.readings == 0
    assert {name: family.type for name, family in described.items()} == {
        metric.exposed_name: kinds.get(metric.instrument, "gauge") for metric in METRICS
    }
    assert all(not family.samples and family.documentation for family in described.values())


def test_a_collector_may_be_registered_before_the_registry_is_open() -> None:
    collectors = CollectorRegistry()
    pools = Pools(is_open=False)

    collectors.register(PoolCollector(pools))

    assert pools.readings == 0
    assert list(collectors.collect()) == []


def test_a_second_registry_in_the_same_collectors_is_refused() -> None:
    collectors = CollectorRegistry(auto_describe=True)
    collectors.register(PoolCollector(Pools()))

    with pytest.raises(ValueError, match="Duplicated"):
        collectors.register(PoolCollector(Pools()))


def test_beyond_the_limit_there_is_one_name_more() -> None:
    pools = Pools({f"p{number}": BUSY for number in range(300)})

    found = parsed(exposition(pools)[0])

    names = {dict(labels)[NAME] for _, labels in found if NAME in dict(labels)}
    assert len(names) == 201
    assert found[key("db_client_connection_timeouts_total", **{NAME: "other"})] == 100 * BUSY.timeouts
    assert found[key("db_client_connection_wait_time_seconds_count", **{NAME: "other"})] == 300


def test_the_limit_may_be_lower() -> None:
    pools = Pools({"a": BUSY, "b": BUSY})

    found = parsed(exposition(pools, limit=1)[0])
    assert {dict(labels).get(NAME) for _, labels in found} == {"a", "other", None}

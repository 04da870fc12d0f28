"""What the facts of a check come to."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from connmgr import Failure, FailureKind, PoolStats, ServerInfo, ServerLoad, Status, TLSInfo
from connmgr.runtime.verdict import REASONS, Facts, judge

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
FREE = PoolStats("pooled", 1, 1, open=1, idle=1)
FULL = PoolStats("pooled", 1, 1, open=1)
DOWN = Failure(FailureKind.REFUSED, "ConnectionRefusedError", "refused", hint="start it")


def server(**changes: Any) -> ServerInfo:
    return ServerInfo("PostgreSQL", "17.2", "primary", **changes)


def ends_in(**time: float) -> ServerInfo:
    return server(tls=TLSInfo("TLSv1.3", NOW + dt.timedelta(**time)))


@pytest.mark.parametrize(
    ("facts", "status", "reason"),
    [
        ({}, Status.HEALTHY, "ok"),
        ({"server": None, "failure": DOWN}, Status.UNHEALTHY, "refused"),
        ({"pool": FULL}, Status.DEGRADED, "pool_saturated"),
        ({"pool": FULL, "server": None, "failure": DOWN}, Status.UNHEALTHY, "refused"),
        ({"pool": FULL, "is_stuck": True}, Status.UNHEALTHY, "pool_stuck"),
        ({"pool": FULL, "is_stuck": True, "failure": DOWN}, Status.UNHEALTHY, "refused"),
        ({"pool": PoolStats("pooled", 1, 1, breaker="open")}, Status.DEGRADED, "breaker_open"),
        ({"pool": PoolStats("pooled", 1, 1, breaker="half_open")}, Status.DEGRADED, "breaker_open"),
        ({"pool": PoolStats("pooled", 1, 1, breaker="closed")}, Status.HEALTHY, "ok"),
        ({"lost_writer": True}, Status.DEGRADED, "read_only"),
        ({"secret_trouble": "vault is gone"}, Status.DEGRADED, "secret_unavailable"),
        ({"secret_trouble": "vault is gone", "failure": DOWN}, Status.UNHEALTHY, "refused"),
        ({"server": server(load=ServerLoad(97, 97))}, Status.DEGRADED, "too_many_connections"),
        ({"server": server(load=ServerLoad(96, 97))}, Status.HEALTHY, "ok"),
        ({"server": ends_in(days=13.9)}, Status.DEGRADED, "certificate_ends"),
        ({"server": ends_in(days=-1)}, Status.DEGRADED, "certificate_ends"),
        ({"server": ends_in(days=14.1)}, Status.HEALTHY, "ok"),
        ({"server": server(tls=TLSInfo("TLSv1.3"))}, Status.HEALTHY, "ok"),
        ({"server": server(integrity="ok")}, Status.HEALTHY, "ok"),
        ({"server": server(integrity="row 3 missing from index i")}, Status.UNHEALTHY, "corrupt"),
        ({"server": server(integrity="unfinished")}, Status.DEGRADED, "integrity_unfinished"),
        ({"server": None, "was_checked": False}, Status.DEGRADED, "not_checked"),
        ({"server": None, "was_checked": False, "is_stuck": True}, Status.UNHEALTHY, "pool_stuck"),
    ],
)
def test_the_worst_fact_decides(facts: dict[str, Any], status: Status, reason: str) -> None:
    verdict = judge(Facts(**{"pool": FREE, "now": NOW, "server": server(), **facts}))

    assert (verdict.status, verdict.reason) == (status, reason)
    assert verdict.reason in {*REASONS, *FailureKind}
    assert bool(verdict.hint) == (status is not Status.HEALTHY)

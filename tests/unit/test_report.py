"""Reports and counters are frozen values that turn into JSON as they are."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

from connmgr import Failure, FailureKind, HealthReport, PoolStats, ServerInfo, ServerLoad, Status, TLSInfo

STATS = PoolStats(
    *("pooled", 10, 30), open=12, idle=3, connecting=1, waiting=2, checkouts=40, timeouts=3,
    created=15, failed=4, closed_by={"dead": 3},
)  # fmt: skip
NOON = dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC)


def report(**changes: object) -> HealthReport:
    healthy = HealthReport(
        *("orders", Status.HEALTHY, "ok"),
        *(True, False, 0.8, NOON),
        server=ServerInfo(
            *("PostgreSQL", "15.18", "primary"),
            tls=TLSInfo("TLSv1.3", dt.datetime(2026, 1, 12, tzinfo=dt.UTC)),
            load=ServerLoad(40, 97),
        ),
        pool=STATS,
    )
    return dataclasses.replace(healthy, **changes)  # type: ignore[arg-type]


def test_the_counters_read_as_one_line() -> None:
    assert str(STATS) == (
        "9 in use of 30, 3 idle, 1 connecting, 2 waiting, 40 checkouts, 3 timeouts, "
        "15 created, 4 failed, 3 closed"
    )
    assert str(PoolStats("none", 0, None)).startswith("0 in use of no limit, ")


def test_a_healthy_report_turns_into_json() -> None:
    plain = json.loads(json.dumps(report().to_dict()))

    assert plain["profile"] == "orders"
    assert plain["status"] == "healthy"
    assert plain["checked_at"] == "2026-01-02T12:00:00+00:00"
    assert plain["server"] == {
        "product": "PostgreSQL",
        "version": "15.18",
        "role": "primary",
        "read_only": False,
        "replication_lag": None,
        "connections": {"used": 40, "limit": 97},
        "tls": {
            "protocol": "TLSv1.3",
            "certificate_ends": "2026-01-12T00:00:00+00:00",
            "certificate_days": 9.5,
        },
        "wal_bytes": None,
        "integrity": None,
    }
    assert plain["pool"]["max"] == 30
    assert plain["error"] is None


def test_an_unhealthy_report_carries_the_failure_and_its_hint() -> None:
    failure = Failure(FailureKind.AUTHENTICATION, "InvalidPasswordError", "refused", "28P01", "check it")
    unhealthy = report(status=Status.UNHEALTHY, reason="authentication", reachable=False, error=failure,
                       server=None, latency_ms=None, hint=failure.hint)  # fmt: skip

    plain = json.loads(json.dumps(unhealthy.to_dict()))

    assert plain["error"] == {
        "kind": "authentication",
        "type": "InvalidPasswordError",
        "sqlstate": "28P01",
        "message": "refused",
    }
    assert plain["hint"] == "check it"
    assert plain["server"] is None


def test_a_profile_that_could_not_be_settled_has_no_pool_to_report() -> None:
    assert report(pool=None).to_dict()["pool"] is None


def test_kinds_and_states_are_the_words_that_an_alert_matches() -> None:
    assert f"{FailureKind.POOL_TIMEOUT}" == "pool_timeout"
    assert Status.DEGRADED == "degraded"

"""What several reports come to."""

from __future__ import annotations

import datetime as dt

import pytest

from connmgr import HealthReport, Status
from connmgr.healthjson import overall

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ("", "healthy"),
        ("healthy", "healthy"),
        ("healthy degraded", "degraded"),
        ("degraded unhealthy healthy", "unhealthy"),
        ("healthy (unhealthy)", "degraded"),
        ("unhealthy (unhealthy)", "unhealthy"),
    ],
)
def test_the_worst_decides_and_what_is_not_critical_degrades_at_most(statuses: str, expected: str) -> None:
    reports = [
        HealthReport("a", Status(each.strip("()")), "ok", True, False, None, NOON, critical=each[0] != "(")
        for each in statuses.split()
    ]

    assert overall(reports) == expected

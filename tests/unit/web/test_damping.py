"""HTTP turns a profile off after `fall` bad checks in a row, and on after `rise` good ones."""

from __future__ import annotations

import datetime as dt

import pytest

from connmgr import HealthReport, Status
from connmgr.web.damping import Damper

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def report(second: int, *, is_well: bool) -> HealthReport:
    status = Status.HEALTHY if is_well else Status.UNHEALTHY
    return HealthReport("orders", status, "ok", is_well, False, None, NOON + dt.timedelta(seconds=second))


def course(damper: Damper, checks: str) -> str:
    """Feed one check for each letter, `+` for a good one; return whether it was up after each."""
    fed = [damper.feed(report(second, is_well=check == "+")) for second, check in enumerate(checks)]
    return "".join("+" if is_up else "-" for is_up in fed)


@pytest.mark.parametrize(
    ("checks", "told"),
    [
        ("+---+++", "+++--++"),
        ("+--+--+--", "+++++++++"),
        ("+----+-+++", "+++-----++"),
        ("-", "-"),
        ("-+-++", "----+"),
    ],
)
def test_with_a_rise_of_2_and_a_fall_of_3(checks: str, told: str) -> None:
    assert course(Damper(rise=2, fall=3), checks) == told


def test_with_1_and_1_it_says_what_is() -> None:
    assert course(Damper(rise=1, fall=1), "+-+-") == "+-+-"


def test_what_is_degraded_is_up() -> None:
    degraded = HealthReport("orders", Status.DEGRADED, "pool_saturated", True, True, 1.0, NOON)

    assert Damper(rise=2, fall=1).feed(degraded)


def test_a_report_of_an_earlier_check_says_nothing_new() -> None:
    damper = Damper(rise=2, fall=3)
    damper.feed(report(0, is_well=True))

    assert all(damper.feed(report(second, is_well=False)) for second in (1, 2, 1, 2, 1))


def test_many_who_ask_about_one_check_count_once() -> None:
    damper = Damper(rise=2, fall=3)
    damper.feed(report(0, is_well=True))

    assert all(damper.feed(report(1, is_well=False)) for _ in range(100))

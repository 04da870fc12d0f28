"""For every rise, fall and course of checks: when HTTP turns a profile off and on, and what counts."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connmgr import HealthReport, Status
from connmgr.web.damping import Damper

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def report(second: int, *, is_well: bool) -> HealthReport:
    status = Status.HEALTHY if is_well else Status.UNHEALTHY
    return HealthReport("orders", status, "ok", is_well, False, None, NOON + dt.timedelta(seconds=second))


def fed(damper: Damper, checks: list[bool]) -> list[bool]:
    """Feed one check after the other; return whether the profile was up after each."""
    return [damper.feed(report(second, is_well=is_well)) for second, is_well in enumerate(checks)]


@pytest.mark.parametrize("fall", [1, 2, 3, 7])
def test_it_turns_off_at_exactly_the_last_check_of_fall(fall: int) -> None:
    told = fed(Damper(rise=2, fall=fall), [True] + [False] * fall)

    assert told == [True] * fall + [False]


@pytest.mark.parametrize("rise", [1, 2, 3, 7])
def test_it_turns_on_at_exactly_the_last_check_of_rise(rise: int) -> None:
    told = fed(Damper(rise=rise, fall=3), [False] + [True] * rise)

    assert told == [False] * rise + [True]


@given(st.integers(1, 4), st.integers(1, 4), st.lists(st.booleans(), min_size=1, max_size=40))
def test_it_turns_when_as_many_checks_in_a_row_say_otherwise_and_never_else(
    rise: int, fall: int, checks: list[bool]
) -> None:
    told = fed(Damper(rise, fall), checks)

    is_up = checks[0]
    for end, now in enumerate(told[1:], start=2):
        row = checks[max(0, end - (fall if is_up else rise)) : end]
        turns = len(row) == (fall if is_up else rise) and all(check is not is_up for check in row)
        is_up = is_up is not turns
        assert now is is_up


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 5)), min_size=1, max_size=20))
def test_how_often_one_check_is_told_changes_nothing(checks: list[tuple[bool, int]]) -> None:
    once = fed(Damper(rise=2, fall=3), [is_well for is_well, _ in checks])
    often = Damper(rise=2, fall=3)

    for second, (is_well, times) in enumerate(checks):
        told = {often.feed(report(second, is_well=is_well)) for _ in range(times)}
        assert told == {once[second]}


def test_a_degraded_profile_breaks_a_row_of_bad_checks() -> None:
    damper = Damper(rise=1, fall=2)
    degraded = HealthReport("orders", Status.DEGRADED, "pool_saturated", True, True, 1.0, NOON)
    damper.feed(report(-3, is_well=True))
    damper.feed(report(-1, is_well=False))

    assert damper.feed(degraded)
    assert damper.feed(report(1, is_well=False))


def test_a_check_that_is_told_again_after_the_next_one_counts_once() -> None:
    damper = Damper(rise=2, fall=3)
    first, second = report(1, is_well=False), report(2, is_well=False)
    damper.feed(report(0, is_well=True))

    told = [damper.feed(each) for each in (first, second, first)]

    assert told == [True, True, True]


def test_an_older_check_that_is_told_late_breaks_no_row() -> None:
    damper = Damper(rise=2, fall=2)
    old = report(0, is_well=True)
    damper.feed(old)
    damper.feed(report(1, is_well=False))

    damper.feed(old)

    assert not damper.feed(report(2, is_well=False))

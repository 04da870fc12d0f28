"""A busy pool is never taken for a stuck one; what was found is remembered, and not too much of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from connmgr import HealthReport, Histogram, PoolStats, Status
from connmgr.runtime.course import FREE_READINGS, KEPT, STUCK_READINGS, Course, Dwell

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
AFTER = 30.0


def full(returns: int) -> PoolStats:
    return PoolStats("pooled", 1, 1, open=1, use=Histogram((returns,)))


FREE = PoolStats("pooled", 1, 1, open=1, idle=1)


def test_a_full_pool_with_steady_returns_is_never_stuck() -> None:
    dwell = Dwell()

    stuck = [dwell.read(full(returns=second), second, AFTER) for second in range(600)]

    assert not any(stuck)


def test_a_full_pool_without_returns_is_stuck_after_its_time_and_some_readings() -> None:
    dwell = Dwell()

    stuck = [dwell.read(full(returns=7), second, AFTER) for second in range(60)]

    assert stuck.index(True) == AFTER + STUCK_READINGS - 1
    assert all(stuck[stuck.index(True) :])


def test_a_few_readings_long_apart_do_not_make_it_stuck() -> None:
    dwell = Dwell()

    stuck = [dwell.read(full(returns=7), second * 1000.0, AFTER) for second in range(STUCK_READINGS + 1)]

    assert stuck == [False] * STUCK_READINGS + [True]


def test_it_is_free_again_after_some_good_readings() -> None:
    dwell = Dwell()
    for second in range(60):
        dwell.read(full(returns=7), second, AFTER)

    stuck = [dwell.read(full(returns=8 + more), 60 + more, AFTER) for more in range(FREE_READINGS)]

    assert stuck == [True] * (FREE_READINGS - 1) + [False]


def test_one_good_reading_among_bad_ones_begins_the_time_anew() -> None:
    dwell = Dwell()
    for second in range(29):
        dwell.read(full(returns=7), second, AFTER)
    dwell.read(FREE, 29, AFTER)

    stuck = [dwell.read(full(returns=7), 30 + second, AFTER) for second in range(30)]

    assert not any(stuck)


def test_a_pool_that_has_been_full_for_a_moment_is_not_stuck_however_long_nobody_looked() -> None:
    dwell = Dwell()
    dwell.read(FREE, 0, AFTER)

    stuck = [dwell.read(full(returns=0), 60 + second, AFTER) for second in range(10)]

    assert not any(stuck)


def test_connects_on_their_way_are_held_by_nobody() -> None:
    dwell = Dwell()
    connecting = PoolStats("pooled", 1, 1, connecting=1)

    assert not any(dwell.read(connecting, second, AFTER) for second in range(100))


def test_readings_at_one_time_count_once() -> None:
    course = Course()
    course.read(full(returns=7), 0.0, AFTER, apart=1.0)

    many = [course.read(full(returns=7), 100.0, AFTER, apart=1.0) for _ in range(50)]

    assert not any(many)


def report(second: int, status: Status) -> HealthReport:
    at = NOON + dt.timedelta(seconds=second)
    return HealthReport("orders", status, status.value, True, False, 1.0, at)


def note(course: Course, second: int, status: Status) -> dt.datetime:
    new = report(second, status)
    since = course.since(status, new.reason, new.checked_at)
    course.note(replace(new, since=since))
    return since


def test_a_status_holds_since_its_last_change() -> None:
    course = Course()
    well, ill = Status.HEALTHY, Status.UNHEALTHY

    sinces = [note(course, second, status) for second, status in enumerate([well, well, ill, ill, well])]

    assert [(since - NOON).seconds for since in sinces] == [0, 0, 2, 2, 4]
    assert [each.status for each in course.history().transitions] == [well, ill, well]
    assert len(course.history().results) == 5


def test_a_check_that_serves_many_reports_is_one_result() -> None:
    course = Course()

    for _ in range(3):
        note(course, 1, Status.HEALTHY)

    assert len(course.history().results) == 1


def test_only_the_last_results_and_changes_are_kept() -> None:
    course = Course()
    for second in range(3 * KEPT):
        note(course, second, Status.HEALTHY if second % 2 else Status.UNHEALTHY)

    history = course.history()
    assert len(history.results) == len(history.transitions) == KEPT
    assert history.results[-1].checked_at == NOON + dt.timedelta(seconds=3 * KEPT - 1)

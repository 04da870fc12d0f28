"""Histograms count, merge and tell quantiles; pool counters add up and read well."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connmgr import Histogram, PoolStats
from connmgr.engine.pool.durations import Durations

SECONDS = st.lists(st.floats(min_value=0, max_value=1e6), max_size=50)


def counted(seconds: list[float]) -> Histogram:
    durations = Durations()
    for duration in seconds:
        durations.add(duration)
    return durations.snapshot()


@given(SECONDS, SECONDS)
def test_two_histograms_add_up_to_that_of_all_durations(ours: list[float], theirs: list[float]) -> None:
    merged, together = counted(ours) + counted(theirs), counted(ours + theirs)

    assert merged.counts == together.counts
    assert merged.total == pytest.approx(together.total)


@given(SECONDS)
def test_every_duration_is_counted_below_its_bound(seconds: list[float]) -> None:
    histogram = counted(seconds)

    assert histogram.count == len(seconds)
    assert histogram.total == pytest.approx(sum(seconds))
    if seconds:
        assert histogram.quantile(1.0) >= min(max(seconds), 2.0**40 / 1e6)


def test_a_quantile_is_the_bound_that_so_many_did_not_exceed() -> None:
    histogram = counted([0.001] * 99 + [1.0])

    assert histogram.quantile(0.5) == pytest.approx(0.001024)
    assert histogram.quantile(0.99) == pytest.approx(0.001024)
    assert histogram.quantile(1.0) == pytest.approx(1.048576)
    assert Histogram().quantile(0.5) == 0.0


def test_a_duration_of_weeks_is_counted_with_the_longest() -> None:
    histogram = counted([1e6, 1e9])

    assert histogram.counts[-1] == 2


def test_the_gauges_that_are_derived_add_up() -> None:
    stats = PoolStats("pooled", 2, 3, open=3, idle=1, connecting=1, closed_by={"idle": 2, "dead": 1})

    assert stats.in_use == 2
    assert stats.closed == 3


@pytest.mark.parametrize(
    ("in_use", "connecting", "saturated"), [(29, 0, False), (30, 0, True), (29, 1, True), (0, 0, False)]
)
def test_a_pool_is_saturated_when_no_slot_is_free(in_use: int, connecting: int, saturated: bool) -> None:
    stats = PoolStats("pooled", 10, 30, open=in_use + 2, idle=2, connecting=connecting)

    assert stats.saturated is saturated


def test_a_pool_without_a_limit_is_never_saturated() -> None:
    assert not PoolStats("none", 0, None, open=500).saturated


def test_the_values_for_json_hold_every_counter_and_gauge() -> None:
    stats = PoolStats("pooled", 2, 3, open=1, closed_by={"idle": 2}, wait=counted([0.001]))

    told = json.loads(json.dumps(stats.to_dict()))

    assert told["in_use"] == 1
    assert told["closed"] == 2
    assert told["closed_by"] == {"idle": 2}
    assert told["wait"] == {"count": 1, "total": 0.001, "up_to": {"0.001024": 1}}


def test_only_a_pool_that_refused_somebody_says_so() -> None:
    assert "rejected" not in str(PoolStats("pooled", 2, 3))
    assert "4 rejected" in str(PoolStats("pooled", 2, 3, rejected=4))

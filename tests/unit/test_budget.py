"""Retries are counted against calls: few while everything fails, as many as needed while most succeed."""

from __future__ import annotations

import pytest

from connmgr.runtime.budget import FIRST, MOST, RetryBudget


def retries(budget: RetryBudget, wanted: int) -> int:
    return sum(budget.take() for _ in range(wanted))


@pytest.mark.parametrize("calls", [100, 1000, 10_000])
def test_while_everything_fails_a_tenth_is_added(calls: int) -> None:
    budget, taken = RetryBudget(0.1), 0
    for _ in range(calls):
        budget.begin()
        taken += retries(budget, 4)

    assert taken == calls // 10


def test_the_first_failures_of_a_process_are_tried_again() -> None:
    budget = RetryBudget(0.1)
    budget.begin()

    assert retries(budget, 99) == FIRST


def test_each_success_earns_a_retry_up_to_a_limit() -> None:
    budget = RetryBudget(0.1)
    for calls in range(3 * MOST):
        budget.begin()
        if calls % 3:
            assert budget.take()
        budget.succeeded()
    for _ in range(3 * MOST):
        budget.begin()
        budget.succeeded()
    budget.begin()

    assert retries(budget, 10 * MOST) == MOST


def test_with_a_ratio_of_zero_nothing_is_added_once_the_savings_are_spent() -> None:
    budget = RetryBudget(0)
    for _ in range(1000):
        budget.begin()

    assert retries(budget, 1000) == FIRST

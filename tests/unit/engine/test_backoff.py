"""Pauses between tries grow with the outage or the tries, and stay within their bounds."""

from __future__ import annotations

from connmgr.engine.backoff import connect_pause, idle_pause, transaction_pause
from connmgr.settings import ConnectRetry, TransactionRetry

CONNECT, TRANSACTION = ConnectRetry(), TransactionRetry()


def test_a_server_that_was_away_for_a_moment_is_asked_again_in_a_moment() -> None:
    shortest = CONNECT.initial
    assert all(0.75 * shortest <= connect_pause(0.0, CONNECT) <= shortest for _ in range(100))
    assert all(connect_pause(1.0, CONNECT) <= 0.07 for _ in range(100))


def test_a_server_that_stays_away_is_asked_five_times_a_second() -> None:
    assert all(0.75 * CONNECT.max <= connect_pause(3600.0, CONNECT) <= CONNECT.max for _ in range(100))


def test_the_pauses_of_many_processes_differ() -> None:
    assert len({connect_pause(10.0, CONNECT) for _ in range(100)}) > 50


def test_without_jitter_pauses_are_what_the_profile_says() -> None:
    connect = ConnectRetry(initial=0.5, max=2.0, jitter=0)

    assert [connect_pause(since, connect) for since in (0.0, 10.0, 3600.0)] == [0.5, 0.7000000000000001, 2.0]


def test_a_try_that_nobody_waits_for_comes_ever_later_up_to_half_a_minute() -> None:
    assert all(0.75 <= idle_pause(0.0) <= 1.0 for _ in range(100))
    assert all(22.5 <= idle_pause(3600.0) <= 30.0 for _ in range(100))


def test_the_pause_between_transactions_doubles_up_to_its_limit() -> None:
    retry = TransactionRetry(initial=0.01, max=0.05, jitter=0)

    assert [transaction_pause(tries, retry) for tries in (1, 2, 3, 4, 5000)] == [0.01, 0.02, 0.04, 0.05, 0.05]


def test_those_who_clash_come_back_at_different_times() -> None:
    pauses = [transaction_pause(3, TRANSACTION) for _ in range(1000)]

    assert min(pauses) < 0.1 * 4 * TRANSACTION.initial
    assert 0.9 * 4 * TRANSACTION.initial < max(pauses) <= 4 * TRANSACTION.initial

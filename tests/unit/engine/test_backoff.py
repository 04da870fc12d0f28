"""Pauses between tries grow with the outage, and stay within their bounds."""

from __future__ import annotations

from connmgr.engine.pool.backoff import LONGEST, SHORTEST, idle_pause, pause


def test_a_server_that_was_away_for_a_moment_is_asked_again_in_a_moment() -> None:
    assert all(0.75 * SHORTEST <= pause(0.0) <= SHORTEST for _ in range(100))
    assert all(pause(1.0) <= 0.07 for _ in range(100))


def test_a_server_that_stays_away_is_asked_five_times_a_second() -> None:
    assert all(0.75 * LONGEST <= pause(3600.0) <= LONGEST for _ in range(100))


def test_the_pauses_of_many_processes_differ() -> None:
    assert len({pause(10.0) for _ in range(100)}) > 50


def test_a_try_that_nobody_waits_for_comes_ever_later_up_to_half_a_minute() -> None:
    assert all(0.75 <= idle_pause(0.0) <= 1.0 for _ in range(100))
    assert all(22.5 <= idle_pause(3600.0) <= 30.0 for _ in range(100))

"""Looks keep to a share of one processor, and to a least pause."""

from __future__ import annotations

from connmgr.config.watching.pace import Pace


def test_the_first_look_is_due_at_once() -> None:
    assert Pace().due(share=0.05, least=0.5) <= 0.5


def test_quick_looks_keep_to_the_least_pause() -> None:
    pace = Pace()

    pace.saw(now=100.0, took=0.001)

    assert pace.due(share=0.05, least=0.5) == 100.5


def test_slow_looks_keep_to_their_share() -> None:
    pace = Pace()

    pace.saw(now=100.0, took=0.125)

    assert pace.due(share=0.05, least=0.5) == 102.5
    assert pace.due(share=0.005, least=0.5) == 125.0

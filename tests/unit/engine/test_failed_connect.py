"""Tidying up after a failed connect ends, whatever the error is chained to."""

from __future__ import annotations

from connmgr.engine.drivers.failed_connect import tidy_up


def test_a_chain_of_causes_that_bites_its_own_tail_comes_to_an_end() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first

    tidy_up(first)

    assert first.__cause__ is second


def test_frames_of_others_keep_their_variables() -> None:
    kept = _failing()

    tidy_up(kept)

    frame = kept.__traceback__.tb_frame
    assert frame.f_locals["mine"] == "still here"


def _failing() -> ValueError:
    mine = "still here"
    try:
        raise ValueError(mine)
    except ValueError as error:
        return error

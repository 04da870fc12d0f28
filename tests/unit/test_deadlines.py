"""Deadlines of one length: each future gets its whole time, and one timer serves them all."""

from __future__ import annotations

import asyncio

import pytest

from connmgr.engine.deadlines import LATE, Deadlines
from tests.rig.wait import wait_until

SHORT = 0.05


def started(deadlines: Deadlines) -> asyncio.Future[None]:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()
    deadlines.start(future, loop)
    return future


async def test_a_future_is_cancelled_when_its_time_is_over() -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    future = started(Deadlines(SHORT))

    with pytest.raises(asyncio.CancelledError, match=LATE):
        await future

    assert loop.time() - begun >= SHORT * 0.9


async def test_a_stopped_future_is_left_alone() -> None:
    deadlines = Deadlines(SHORT)
    stopped, witness = started(deadlines), started(deadlines)

    deadlines.stop(stopped)
    await wait_until(witness.cancelled, timeout=5)

    assert not stopped.done()
    stopped.cancel()


async def test_one_that_begins_later_gets_its_whole_time() -> None:
    loop, deadlines = asyncio.get_running_loop(), Deadlines(SHORT)
    first = started(deadlines)
    await asyncio.sleep(SHORT / 2)  # the time between the two is what this is about
    begun, second = loop.time(), started(deadlines)

    await wait_until(second.cancelled, timeout=5)

    assert first.cancelled()
    assert loop.time() - begun >= SHORT * 0.9


async def test_they_serve_again_after_a_time_without_any() -> None:
    deadlines = Deadlines(SHORT)
    first = started(deadlines)
    await wait_until(first.cancelled, timeout=5)

    second = started(deadlines)

    await wait_until(second.cancelled, timeout=5)


async def test_a_thousand_cost_the_event_loop_one_timer() -> None:
    loop, deadlines = asyncio.get_running_loop(), Deadlines(60.0)
    before = len(getattr(loop, "_scheduled"))  # noqa: B009 - asyncio has no other way to count its timers

    futures = [started(deadlines) for _ in range(1000)]

    assert len(getattr(loop, "_scheduled")) - before == 1  # noqa: B009
    for future in futures:
        deadlines.stop(future)

"""Cleanup runs in its caller's own task, and whatever it waits for, a cancellation does not reach it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from connmgr.engine import cleanup
from connmgr.engine.cleanup import finish
from connmgr.engine.deadlines import Deadlines
from tests.rig.wait import forever, wait_until

LONG = 60.0
SHORT = 0.05


class Work:
    """Waits in one of many ways, and tells when it has begun to and when it has ended."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.answered = asyncio.Event()
        self.ended = False
        self.cuts = 0

    async def do(self, wait: Callable[[asyncio.Event], Coroutine[Any, Any, object]]) -> None:
        self.begun.set()
        await wait(self.answered)
        self.ended = True

    def cut(self) -> None:
        self.cuts += 1
        self.answered.set()


async def event(answered: asyncio.Event) -> None:
    await answered.wait()


async def turns(answered: asyncio.Event) -> None:
    for _ in iter(answered.is_set, True):
        await asyncio.sleep(0)


async def task(answered: asyncio.Event) -> None:
    await asyncio.create_task(answered.wait())


async def many(answered: asyncio.Event) -> None:
    for _ in range(3):
        await asyncio.gather(answered.wait(), asyncio.sleep(0))


async def inner_cleanup(answered: asyncio.Event) -> None:
    await finish(event(answered), Deadlines(LONG), answered.set)


WAYS = pytest.mark.parametrize("wait", [event, turns, task, many, inner_cleanup])


@pytest.fixture(autouse=True)
async def nothing_is_reported() -> AsyncIterator[None]:
    """Fail a test after which asyncio complains of an error that nobody retrieved or of a lost task."""
    found: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: found.append(context["message"]))

    yield

    gc.collect()
    await asyncio.sleep(0)
    assert found == []


async def test_work_runs_in_its_callers_task() -> None:
    found: list[asyncio.Task[Any] | None] = []

    async def look() -> None:
        found.append(asyncio.current_task())
        await asyncio.sleep(0)
        found.append(asyncio.current_task())

    await finish(look(), Deadlines(LONG), Work().cut)

    assert found == [asyncio.current_task()] * 2


async def test_work_that_waits_for_nothing_ends_in_the_turn_it_began_in() -> None:
    turns: list[None] = []
    asyncio.get_running_loop().call_soon(turns.append, None)

    await finish(_nothing(), Deadlines(LONG), Work().cut)

    assert turns == []


async def _nothing() -> None:
    return


@WAYS
async def test_a_cancellation_waits_for_the_work(
    wait: Callable[[asyncio.Event], Coroutine[Any, Any, object]],
) -> None:
    work = Work()
    closing = asyncio.create_task(finish(work.do(wait), Deadlines(LONG), work.cut))
    await work.begun.wait()

    for _ in range(3):
        closing.cancel("of the caller")
        await asyncio.sleep(0)
    still_closing = not closing.done()
    work.answered.set()
    with pytest.raises(asyncio.CancelledError, match="of the caller"):
        await closing

    assert still_closing
    assert (work.ended, work.cuts) == (True, 0)


@WAYS
async def test_work_that_is_late_is_cut(
    wait: Callable[[asyncio.Event], Coroutine[Any, Any, object]],
) -> None:
    work = Work()

    await finish(work.do(wait), Deadlines(SHORT), work.cut)

    assert (work.ended, work.cuts) == (True, 1)


async def test_a_cleanup_within_a_late_cleanup_ends_at_its_own_deadline() -> None:
    inner, outer = Work(), Work()

    async def both() -> None:
        await finish(inner.do(event), Deadlines(SHORT), inner.cut)
        await outer.do(event)

    await finish(both(), Deadlines(SHORT * 4), outer.cut)

    assert (inner.ended, inner.cuts) == (True, 1)
    assert (outer.ended, outer.cuts) == (True, 1)


@pytest.mark.parametrize("wait", [event, turns, task, inner_cleanup])
async def test_work_that_goes_on_after_the_cut_is_ended_where_it_stands(
    wait: Callable[[asyncio.Event], Coroutine[Any, Any, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleanup, "GRACE_AFTER_CUT", SHORT)
    work, cleaned_up = Work(), asyncio.Event()

    async def stubborn() -> None:
        try:
            await work.do(wait)
        finally:
            cleaned_up.set()
            await forever()

    with pytest.raises(TimeoutError, match="cleanup went on although its connections were closed"):
        await finish(stubborn(), Deadlines(SHORT), lambda: None)

    assert cleaned_up.is_set()
    work.answered.set()


async def test_a_cancellation_in_a_turn_before_or_after_the_work_is_raised_once_it_has_ended() -> None:
    for steps in range(1, 4):
        work = Work()
        work.answered.set()
        closing = asyncio.create_task(finish(work.do(event), Deadlines(LONG), work.cut, turns=(2, 1)))
        for _ in range(steps):
            await asyncio.sleep(0)

        closing.cancel("of the caller")
        with pytest.raises(asyncio.CancelledError, match="of the caller"):
            await closing

        assert work.ended


async def test_a_future_that_was_cancelled_by_others_ends_the_work() -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def wait() -> None:
        await future

    closing = asyncio.create_task(finish(wait(), Deadlines(LONG), Work().cut))
    await asyncio.sleep(0)
    future.cancel("by its owner")

    with pytest.raises(asyncio.CancelledError, match="by its owner"):
        await closing


async def test_work_that_waits_for_a_future_of_another_loop_says_so() -> None:
    other = asyncio.new_event_loop()
    future: asyncio.Future[None] = other.create_future()

    async def wait() -> None:
        await future

    with pytest.raises(RuntimeError, match="attached to a different loop"):
        await finish(wait(), Deadlines(LONG), Work().cut)

    other.close()


async def test_a_task_that_is_collected_with_its_loop_takes_the_work_along() -> None:
    ended: list[str] = []

    async def wait() -> None:
        try:
            await forever()
        finally:
            ended.append("work")

    closing = finish(wait(), Deadlines(LONG), Work().cut)
    closing.send(None)
    closing.close()
    gc.collect()

    await wait_until(lambda: ended == ["work"], what="the work to be closed")

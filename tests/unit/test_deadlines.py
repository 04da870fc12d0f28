"""Deadlines of one length: each gets its whole time, and one timer serves them all."""

from __future__ import annotations

import asyncio

from connmgr.engine.deadlines import Deadlines
from tests.rig.wait import wait_until

SHORT = 0.05


def started(deadlines: Deadlines) -> asyncio.Event:
    """Something whose time has begun, and that is set when it is over."""
    late = asyncio.Event()
    deadlines.start(late.set, asyncio.get_running_loop())
    return late


async def test_a_function_is_called_when_its_time_is_over() -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    late = started(Deadlines(SHORT))

    await wait_until(late.is_set, timeout=5)

    assert loop.time() - begun >= SHORT * 0.9


async def test_a_stopped_one_is_never_called() -> None:
    deadlines = Deadlines(SHORT)
    stopped, witness = started(deadlines), started(deadlines)

    deadlines.stop(stopped.set)
    await wait_until(witness.is_set, timeout=5)

    assert not stopped.is_set()


async def test_one_that_begins_later_gets_its_whole_time() -> None:
    loop, deadlines = asyncio.get_running_loop(), Deadlines(SHORT)
    first = started(deadlines)
    await asyncio.sleep(SHORT / 2)  # the time between the two is what this is about
    begun, second = loop.time(), started(deadlines)

    await wait_until(second.is_set, timeout=5)

    assert first.is_set()
    assert loop.time() - begun >= SHORT * 0.9


async def test_they_serve_again_after_a_time_without_any() -> None:
    deadlines = Deadlines(SHORT)
    first = started(deadlines)
    await wait_until(first.is_set, timeout=5)

    second = started(deadlines)

    await wait_until(second.is_set, timeout=5)


async def test_an_error_of_one_is_reported_and_keeps_no_other_from_being_called() -> None:
    loop, deadlines = asyncio.get_running_loop(), Deadlines(SHORT)
    reported: list[BaseException] = []
    loop.set_exception_handler(lambda _loop, context: reported.append(context["exception"]))
    error = ValueError("of the first")

    def fail() -> None:
        raise error

    deadlines.start(fail, loop)
    second = started(deadlines)

    await wait_until(second.is_set, timeout=5)
    assert reported == [error]


async def test_a_thousand_cost_the_event_loop_one_timer() -> None:
    loop, deadlines = asyncio.get_running_loop(), Deadlines(60.0)
    before = len(getattr(loop, "_scheduled"))  # noqa: B009 - asyncio has no other way to count its timers

    events = [started(deadlines) for _ in range(1000)]

    assert len(getattr(loop, "_scheduled")) - before == 1  # noqa: B009
    for event in events:
        deadlines.stop(event.set)

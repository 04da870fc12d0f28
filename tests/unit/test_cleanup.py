"""Cleanup ends in bounded time, whatever is cancelled and however silent the peer."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator

import pytest

from connmgr.engine import cleanup
from connmgr.engine.cleanup import finish
from connmgr.engine.deadlines import Deadlines
from tests.rig.wait import forever

LONG = 60.0
SHORT = 0.05


class Peer:
    """A connection whose goodbye is answered when the test says so, or when it is cut."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.answered = asyncio.Event()
        self.ended = False
        self.cuts = 0

    async def goodbye(self) -> None:
        self.asked.set()
        await self.answered.wait()
        self.ended = True

    async def goodbye_that_fails(self) -> None:
        await self.goodbye()
        raise ConnectionResetError("the peer is gone")

    def cut(self) -> None:
        self.cuts += 1
        self.answered.set()

    def cut_in_vain(self) -> None:
        self.cuts += 1


@pytest.fixture
async def complaints() -> AsyncIterator[list[str]]:
    """What asyncio complains of: errors that nobody retrieved, tasks that were lost. None is expected."""
    found: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: found.append(context["message"]))

    yield found

    gc.collect()
    await asyncio.sleep(0)
    assert found == []


async def test_work_that_ends_in_time_is_not_cut() -> None:
    peer = Peer()
    peer.answered.set()

    await finish(peer.goodbye(), Deadlines(LONG), peer.cut)

    assert peer.ended
    assert peer.cuts == 0


async def test_an_error_of_the_work_passes() -> None:
    peer = Peer()
    peer.answered.set()

    with pytest.raises(ConnectionResetError, match="the peer is gone"):
        await finish(peer.goodbye_that_fails(), Deadlines(LONG), peer.cut)


async def test_a_silent_peer_is_cut_once_at_the_deadline() -> None:
    peer, started = Peer(), time.monotonic()

    await finish(peer.goodbye(), Deadlines(SHORT), peer.cut)

    assert peer.cuts == 1
    assert SHORT <= time.monotonic() - started < SHORT + cleanup.GRACE_AFTER_CUT


async def test_an_error_that_only_says_that_the_connection_was_cut_does_not_pass(
    complaints: list[str],
) -> None:
    peer = Peer()

    await finish(peer.goodbye_that_fails(), Deadlines(SHORT), peer.cut)

    assert peer.ended


async def test_work_that_goes_on_after_the_cut_is_a_timeout_and_is_cancelled(
    complaints: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleanup, "GRACE_AFTER_CUT", SHORT)
    peer = Peer()

    with pytest.raises(TimeoutError, match="cleanup went on although its connections were closed"):
        await finish(peer.goodbye(), Deadlines(SHORT), peer.cut_in_vain)

    assert peer.cuts == 1


async def test_a_cancellation_waits_for_the_work_and_is_raised_then() -> None:
    peer = Peer()
    closing = asyncio.create_task(finish(peer.goodbye(), Deadlines(LONG), peer.cut))
    await peer.asked.wait()

    closing.cancel()
    await asyncio.sleep(0)
    still_closing = not closing.done()
    peer.answered.set()
    with pytest.raises(asyncio.CancelledError):
        await closing

    assert still_closing
    assert peer.ended
    assert peer.cuts == 0


async def test_a_second_cancellation_interrupts_nothing_either() -> None:
    peer = Peer()
    closing = asyncio.create_task(finish(peer.goodbye(), Deadlines(SHORT), peer.cut))
    await peer.asked.wait()

    for _ in range(3):
        closing.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await closing

    assert peer.ended
    assert peer.cuts == 1


async def test_a_cancelled_cleanup_ends_at_its_deadline_too(
    complaints: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleanup, "GRACE_AFTER_CUT", SHORT)
    peer, started = Peer(), time.monotonic()
    closing = asyncio.create_task(finish(forever(), Deadlines(SHORT), peer.cut_in_vain))
    await asyncio.sleep(0)

    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing

    assert peer.cuts == 1
    assert time.monotonic() - started < 1.0


async def test_an_error_beside_a_cancellation_is_never_reported_as_lost(complaints: list[str]) -> None:
    peer = Peer()
    closing = asyncio.create_task(finish(peer.goodbye_that_fails(), Deadlines(LONG), peer.cut))
    await peer.asked.wait()

    closing.cancel()
    peer.answered.set()
    with pytest.raises(asyncio.CancelledError):
        await closing

    assert peer.ended


async def test_a_time_limit_around_a_cleanup_still_raises_its_timeout() -> None:
    peer = Peer()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(SHORT):
            await finish(peer.goodbye(), Deadlines(SHORT * 2), peer.cut)

    assert peer.ended


async def test_a_cancellation_in_the_turn_of_the_deadline_is_not_lost() -> None:
    peer = Peer()
    closing = asyncio.create_task(finish(peer.goodbye(), Deadlines(SHORT), peer.cut))
    await peer.asked.wait()
    asyncio.get_running_loop().call_later(SHORT, closing.cancel)

    with pytest.raises(asyncio.CancelledError):
        await closing

    assert peer.ended

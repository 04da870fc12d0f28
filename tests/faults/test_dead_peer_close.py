"""Leaving a session whose server went away without a word ends in time, whatever else happens."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from connmgr import Registry
from tests.faults.conftest import Load, Peer
from tests.faults.measure import at_most, left
from tests.rig.wait import wait_until

CLOSE = 0.5
ENDS = CLOSE + 0.3
ONE = text("SELECT 1")


@pytest.fixture
async def registry(peer: Peer, load: Load):
    """One connection at most, so that a slot which does not come back is noticed."""
    document = {
        "url": peer.url,
        "pool": {"size": 1, "max_overflow": 0, "timeout": "3s"},
        "timeouts": {"close": CLOSE, "connect": "3s"},
    }
    async with load(db=document) as registry:
        yield registry
        peer.revive()


async def assert_the_slot_is_back(registry: Registry, peer: Peer) -> None:
    assert registry.stats("db").in_use == 0
    peer.revive()
    async with registry.session("db") as session:
        assert await session.scalar(ONE) == 1
    await wait_until(lambda: peer.server.backends() == 1, what="the dead peer's backend to be gone")


@pytest.mark.parametrize("scope", ["session", "begin", "connect"])
async def test_leaving_ends_in_time_and_gives_the_slot_back(peer, registry, scope):
    before = left()
    block = getattr(registry, scope)("db")
    opened = await block.__aenter__()
    await opened.execute(ONE)
    await opened.commit()
    await opened.execute(ONE)
    peer.die()

    with at_most(ENDS):
        # With an error: without one, `begin` would first wait for its commit.
        await block.__aexit__(ValueError, ValueError("the caller's"), None)

    await wait_until(lambda: left().tasks == before.tasks, what="the tasks to be as before")
    await assert_the_slot_is_back(registry, peer)


async def test_leaving_without_an_error_ends_in_time_too(peer, registry):
    async with registry.session("db") as session:
        await session.execute(ONE)
        peer.die()
        leaving = at_most(ENDS)
        leaving.__enter__()
    leaving.__exit__(None, None, None)

    await assert_the_slot_is_back(registry, peer)


async def test_leaving_ends_in_time_when_it_is_cancelled_again_and_again(peer, registry):
    inside = asyncio.Event()

    async def leave() -> None:
        async with registry.session("db") as session:
            await session.execute(ONE)
            peer.die()
            inside.set()

    task = asyncio.create_task(leave())
    await inside.wait()

    with at_most(ENDS):
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=CLOSE / 5)

    assert task.cancelled()
    await assert_the_slot_is_back(registry, peer)


async def test_leaving_by_the_callers_deadline_ends_in_time(peer, registry):
    async def wait_in_a_session() -> None:
        async with asyncio.timeout(0.1), registry.session("db") as session:
            await session.execute(ONE)
            peer.die()
            await asyncio.Event().wait()

    with at_most(0.1 + ENDS), pytest.raises(TimeoutError):
        await wait_in_a_session()

    await assert_the_slot_is_back(registry, peer)


@pytest.mark.parametrize("scope", ["session", "begin", "connect"])
async def test_a_statement_that_gets_no_answer_ends_in_time_at_the_callers_deadline(peer, registry, scope):
    async def ask_in_vain() -> None:
        async with getattr(registry, scope)("db") as opened:
            await opened.execute(ONE)
            peer.die()
            async with asyncio.timeout(0.1):
                await opened.execute(ONE)

    with at_most(0.1 + ENDS), pytest.raises(TimeoutError):
        await ask_in_vain()

    await assert_the_slot_is_back(registry, peer)


async def test_a_commit_that_gets_no_answer_ends_in_time_at_the_callers_deadline(peer, registry):
    async def commit_in_vain() -> None:
        async with asyncio.timeout(0.1), registry.begin("db") as session:
            await session.execute(ONE)
            peer.die()

    with at_most(0.1 + ENDS), pytest.raises(TimeoutError):
        await commit_in_vain()

    await assert_the_slot_is_back(registry, peer)

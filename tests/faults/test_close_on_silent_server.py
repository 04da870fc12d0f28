"""Closing the registry ends in time, whatever state its servers and sessions are in."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text

from connmgr import EngineRetired
from connmgr.errors import RegistryClosed
from tests.faults.measure import at_most, left
from tests.rig.wait import wait_until

GRACE, CLOSE = 0.2, 0.5
ENDS = GRACE + CLOSE + 1.3
ONE = text("SELECT 1")


@pytest.fixture
def document(peer):
    return {
        "url": peer.url,
        "pool": {"size": 3, "max_overflow": 0},
        "timeouts": {"close": CLOSE},
        "health": {"timeout": 0.2},
    }


async def test_sessions_that_are_out_do_not_hold_up_the_close_of_a_silent_server(peer, load, document):
    registry = load(db=document)
    before = left()
    registry.open()
    async with AsyncExitStack() as stack:
        for _ in range(2):
            session = await stack.enter_async_context(registry.session("db"))
            await session.execute(ONE)
        async with registry.connect("db"):
            pass  # leaves an idle connection in the pool
        await registry.health("db")
        peer.die()

        with at_most(ENDS):
            holders = await registry.close(GRACE)

        assert [holder.profile for holder in holders] == ["db", "db"]
        with at_most(CLOSE + 0.3):
            await stack.aclose()

    await wait_until(lambda: left() == before, what="sockets, threads and tasks to be as before")
    peer.revive()
    await wait_until(lambda: peer.server.backends() == 0, what="the backends to be gone")


async def test_a_statement_without_an_answer_ends_when_its_registry_is_closed(peer, load, document):
    registry = load(db=document)
    before = left()
    registry.open()
    ready = asyncio.Event()

    async def work() -> None:
        async with registry.session("db") as session:
            await session.execute(ONE)
            peer.die()
            ready.set()
            await session.execute(ONE)

    worker = asyncio.create_task(work())
    await ready.wait()

    with at_most(ENDS):
        await registry.close(GRACE)

    # What the driver raises when its connection is cut; the session's next statement would say more.
    with pytest.raises(Exception, match=r"connection|closed"):
        await asyncio.wait_for(worker, CLOSE + 0.3)
    await wait_until(lambda: left() == before, what="sockets, threads and tasks to be as before")
    peer.revive()


async def test_a_connect_in_progress_ends_with_the_close_and_later_ones_are_refused(peer, load, document):
    registry = load(db=document | {"timeouts": {"connect": 0.5, "close": CLOSE}})
    registry.open()
    peer.die()
    connecting = asyncio.create_task(_connect(registry))
    await wait_until(lambda: registry.stats("db").connecting == 1, what="the connect to be under way")

    with at_most(ENDS):
        await registry.close(GRACE)

    with pytest.raises((TimeoutError, EngineRetired)):
        await connecting
    with pytest.raises(RegistryClosed):
        registry.session("db")
    peer.revive()
    await wait_until(lambda: peer.server.backends() == 0, what="no backend")


async def _connect(registry) -> None:
    async with registry.connect("db"):
        pass


async def test_a_session_that_waits_for_a_new_connection_does_not_break_the_close(peer, load, document):
    """Its place in the pool is empty: the connection that was there went with a cancelled statement."""
    registry = load(db={**document, "pool": {"size": 1, "max_overflow": 0}})
    registry.open()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2), registry.session("db") as session:
            await session.execute(text("SELECT pg_sleep(60)"))
    peer.die()
    waiting = asyncio.create_task(_one(registry))
    await wait_until(lambda: registry.stats("db").connecting == 1, what="the connect to begin")

    with at_most(ENDS):
        holders = await registry.close(GRACE)

    assert [holder.profile for holder in holders] == ["db"]
    with pytest.raises(EngineRetired):
        await waiting


async def _one(registry):
    async with registry.session("db") as session:
        await session.execute(ONE)

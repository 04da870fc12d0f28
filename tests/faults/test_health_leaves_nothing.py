"""Checks of a server that is silent, and checks that nobody waits for, leave nothing behind."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.measure import left
from tests.rig.wait import wait_until

pytestmark = pytest.mark.alone

CHECKS = 20
TIMEOUT = 0.1


async def test_repeated_checks_of_a_silent_server_leave_nothing_in_this_process_or_on_the_server(peer, load):
    document = {"url": peer.url, "health": {"timeout": TIMEOUT, "critical": True}}
    async with load(db=document) as registry:
        before = left()
        assert (await registry.health("db")).reason == "ok"
        peer.die()

        reasons = [(await registry.health("db")).reason for _ in range(CHECKS)]

        assert reasons == ["timeout"] * CHECKS
        await wait_until(lambda: left() == before, what="sockets, threads and tasks to be as before")
        peer.revive()
        await wait_until(lambda: peer.server.backends() == 0, what="the backends to be gone")
        await wait_until(lambda: _is_healthy(registry), what="the revived server")
        assert peer.server.backends() == 1


async def test_a_check_that_its_caller_gives_up_leaves_nothing(proxy, postgres, load):
    proxy.deaf = True
    document = {"url": postgres.url(port=proxy.port), "health": {"timeout": TIMEOUT}}
    async with load(db=document) as registry:
        before = left()
        caller = asyncio.create_task(registry.health("db"))
        await wait_until(lambda: proxy.accepted > 0, what="the check to be under way")

        caller.cancel()

        with pytest.raises(asyncio.CancelledError):
            await caller
        await wait_until(lambda: left() == before, what="sockets, threads and tasks to be as before")
        proxy.heal()
        assert (await registry.health("db")).reason == "ok"


async def test_closing_the_registry_under_a_check_leaves_nothing(proxy, postgres, load):
    proxy.deaf = True
    document = {"url": postgres.url(port=proxy.port), "health": {"timeout": TIMEOUT}}
    before = left()
    async with load(db=document) as registry:
        check = asyncio.create_task(registry.health("db"))
        await wait_until(lambda: proxy.accepted > 0, what="the check to be under way")

    assert (await check).reason == "timeout"
    await wait_until(lambda: left() == before, what="sockets, threads and tasks to be as before")


async def _is_healthy(registry) -> bool:
    return (await registry.health("db")).reason == "ok"

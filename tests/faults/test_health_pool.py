"""A pool that is full is a matter of load; a server that is down is an outage. Reports tell them apart."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from connmgr import Status
from tests.faults.measure import at_most
from tests.rig.wait import wait_until

FULL = {"size": 2, "max_overflow": 1, "timeout": "30s"}


async def hold_all(stack: AsyncExitStack, registry) -> None:
    for _ in range(FULL["size"] + FULL["max_overflow"]):
        await stack.enter_async_context(registry.connect("db"))


async def test_a_full_pool_on_a_live_server_is_degraded_and_the_report_does_not_wait_for_it(postgres, load):
    async with load(db={"url": postgres.url(), "pool": FULL}) as registry, AsyncExitStack() as stack:
        await hold_all(stack, registry)

        with at_most(0.2):
            report = await registry.health("db")

        assert (report.status, report.reason) == (Status.DEGRADED, "pool_saturated")
        assert (report.reachable, report.saturated) == (True, True)
        assert (report.pool.in_use, report.pool.max) == (3, 3)
        assert await registry.is_healthy("db")


async def test_waiters_do_not_delay_the_report_and_it_counts_them(postgres, load):
    async with load(db={"url": postgres.url(), "pool": FULL}) as registry:
        async with AsyncExitStack() as stack:
            await hold_all(stack, registry)
            waiters = [asyncio.create_task(_select(registry)) for _ in range(5)]
            await wait_until(lambda: registry.stats("db").waiting == 5, what="five waiters")

            with at_most(0.2):
                report = await registry.health("db")

        await asyncio.gather(*waiters)

    assert (report.status, report.pool.waiting) == (Status.DEGRADED, 5)


async def test_a_full_pool_on_a_stopped_server_is_unhealthy(own_postgres, load):
    async with load(db={"url": own_postgres.url(), "pool": FULL}) as registry, AsyncExitStack() as stack:
        await hold_all(stack, registry)
        await registry.health("db")
        own_postgres.stop()

        with at_most(1.2):
            report = await registry.health("db")

        assert (report.status, report.reason) == (Status.UNHEALTHY, "refused")
        assert (report.reachable, report.saturated) == (False, True)
        assert not await registry.is_healthy("db")


async def test_a_full_pool_on_a_silent_server_is_unhealthy(peer, load):
    async with load(db={"url": peer.url, "pool": FULL}) as registry, AsyncExitStack() as stack:
        await hold_all(stack, registry)
        peer.die()

        with at_most(1.2):
            report = await registry.health("db")

        peer.revive()

    assert (report.status, report.reason, report.saturated) == (Status.UNHEALTHY, "timeout", True)


async def _select(registry) -> None:
    async with registry.connect("db"):
        pass

"""A pool opens what is needed, in the background, and no more; what it opened is not lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text

from connmgr import PoolTimeout, Registry
from tests.rig.pipe import Pipe
from tests.rig.pool import PID, Lab
from tests.rig.postgres import PostgresServer
from tests.rig.proxy import FaultProxy
from tests.rig.wait import wait_until

Load = Callable[..., Registry]
NewLab = Callable[..., Lab]
SHORT = text("SELECT pg_backend_pid() FROM pg_sleep(0.002)")


@pytest.fixture
def through_proxy(postgres: PostgresServer, proxy: FaultProxy) -> str:
    return postgres.url(port=proxy.port, sslmode="disable")


async def ask(registry: Registry) -> int:
    async with registry.connect("orders") as connection:
        return int((await connection.execute(SHORT)).scalar_one())


async def hold(registry: Registry, stack: AsyncExitStack, count: int) -> None:
    await asyncio.gather(*(stack.enter_async_context(registry.connect("orders")) for _ in range(count)))


async def test_a_burst_is_served_by_what_comes_back_while_connects_go_on(
    load: Load, through_proxy: str, proxy: FaultProxy
) -> None:
    """The proxy lets no new connection through: were a caller to wait for its own, it would never end."""
    pool = {"size": 50, "max_overflow": 0, "timeout": "20s", "connecting_limit": 2}
    async with load(orders={"url": through_proxy, "pool": pool}) as registry:
        async with AsyncExitStack() as stack:
            await hold(registry, stack, 5)
        proxy.deaf = True
        backends = Counter(await asyncio.gather(*(ask(registry) for _ in range(50))))
        stats = registry.stats("orders")

        assert len(backends) == 5
        assert max(backends.values()) <= 25
        assert (stats.created, stats.open, stats.timeouts, stats.checkouts) == (5, 5, 0, 55)
        assert stats.connecting <= 2
        await registry.close(grace=0)
    assert proxy.accepted <= 5 + 2


async def test_connects_run_a_few_at_a_time(load: Load, through_proxy: str, proxy: FaultProxy) -> None:
    pool = {"size": 8, "max_overflow": 0, "timeout": "20s", "connecting_limit": 3}
    at_once: set[int] = set()
    async with load(orders={"url": through_proxy, "pool": pool}) as registry, AsyncExitStack() as stack:
        proxy.down = Pipe(latency=0.01)
        opening = asyncio.create_task(hold(registry, stack, 8))
        while not opening.done():
            at_once.add(registry.stats("orders").connecting)
            await asyncio.sleep(0)
        stats = registry.stats("orders")

    assert max(at_once) == 3
    assert (stats.created, stats.in_use) == (8, 8)


async def test_no_more_is_opened_than_there_are_callers(load: Load, through_proxy: str) -> None:
    pool = {"size": 8, "max_overflow": 8, "timeout": "20s"}
    async with load(orders={"url": through_proxy, "pool": pool}) as registry:
        async with AsyncExitStack() as stack:
            await hold(registry, stack, 3)
        await wait_until(lambda: registry.stats("orders").connecting == 0)

        assert registry.stats("orders").created == 3


async def test_a_connection_that_comes_too_late_for_its_caller_is_kept_for_the_next(
    load: Load, through_proxy: str, proxy: FaultProxy
) -> None:
    pool = {"size": 1, "max_overflow": 0, "timeout": "100ms"}
    async with load(orders={"url": through_proxy, "pool": pool}) as registry:
        proxy.down = Pipe(stall=True)
        with pytest.raises(PoolTimeout, match=r"a connect to .* was still under way"):
            await ask(registry)
        proxy.heal()

        await wait_until(lambda: registry.stats("orders").idle == 1)
        await ask(registry)
        stats = registry.stats("orders")

    assert (stats.created, stats.failed, stats.timeouts) == (1, 0, 1)


async def test_a_returned_connection_serves_who_waits_for_a_connect_and_the_new_one_is_idle(
    load: Load, through_proxy: str, proxy: FaultProxy
) -> None:
    pool = {"size": 2, "max_overflow": 0, "timeout": "20s"}
    async with load(orders={"url": through_proxy, "pool": pool}) as registry:
        async with registry.connect("orders") as connection:
            first = (await connection.execute(PID)).scalar_one()
            await connection.rollback()
            proxy.deaf = True
            waiter = asyncio.create_task(ask(registry))
            await wait_until(lambda: registry.stats("orders").connecting == 1)
        assert await waiter == first
        stats = registry.stats("orders")

    assert (stats.created, stats.waiting, stats.connecting) == (1, 0, 1)


async def test_overflow_is_closed_when_it_comes_back_and_nobody_waits(new_lab: NewLab) -> None:
    lab = new_lab(size=1, max_overflow=2)

    async with AsyncExitStack() as stack:
        await lab.hold(stack, 3)
        at_most = lab.stats.open
    stats = await lab.quiet()

    assert at_most == 3
    assert (stats.open, stats.idle) == (1, 1)
    assert stats.closed_by == {"overflow": 2}


async def test_overflow_serves_who_waits_before_it_is_closed(new_lab: NewLab) -> None:
    lab = new_lab(size=1, max_overflow=1, timeout="20s")

    async with AsyncExitStack() as stack:
        await lab.hold(stack, 2)
        waiters = [asyncio.create_task(lab.pid()) for _ in range(6)]
        await wait_until(lambda: lab.stats.waiting == 6)
    await asyncio.gather(*waiters)
    stats = await lab.quiet()

    assert (stats.created, stats.checkouts) == (2, 8)
    assert stats.closed_by == {"overflow": 1}


@pytest.mark.parametrize(("use_lifo", "used"), [(True, {8}), (False, {2})])
async def test_use_is_spread_over_all_or_kept_to_one(new_lab: NewLab, use_lifo: bool, used: set[int]) -> None:
    lab = new_lab(size=4, max_overflow=0, use_lifo=use_lifo)
    await lab.fill(4)

    uses = Counter([await lab.pid() for _ in range(8)])

    assert set(uses.values()) == used

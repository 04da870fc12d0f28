"""A task may be cancelled wherever it waits: nothing leaks, nobody else is held up, the books balance."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from connmgr import PoolStats, Registry
from tests.rig.pipe import Pipe
from tests.rig.pool import PID
from tests.rig.postgres import PostgresServer
from tests.rig.proxy import FaultProxy
from tests.rig.wait import wait_until

Load = Callable[..., Registry]
WHO = "connmgr-cancellation-test"
TIMES_TO_THE_END = 3
SOON = 5.0
STOPPED = Pipe(stall=True)


class Pool:
    """A registry of one profile behind a proxy."""

    def __init__(self, registry: Registry, server: PostgresServer) -> None:
        self.registry = registry
        self.server = server

    @property
    def stats(self) -> PoolStats:
        return self.registry.stats("orders")

    async def ask(self) -> int:
        async with self.registry.connect("orders") as connection:
            return int((await connection.execute(PID)).scalar_one())

    async def is_intact(self) -> None:
        """Check that all slots can be had at once, and that the server sees what the pool counts."""
        await wait_until(self._is_quiet, SOON, what="the pool to be quiet")
        async with AsyncExitStack() as stack:
            for _ in range(2):
                await stack.enter_async_context(self.registry.connect("orders"))
        stats = self.stats
        assert stats.created - stats.closed == stats.open == stats.idle == 2
        await wait_until(lambda: self.server.backends(WHO) == 2, SOON, what="backends that are gone")

    def _is_quiet(self) -> bool:
        stats = self.stats
        return (stats.connecting, stats.waiting, stats.in_use) == (0, 0, 0)


@pytest.fixture
async def pool(
    request: pytest.FixtureRequest, load: Load, postgres: PostgresServer, proxy: FaultProxy
) -> AsyncIterator[Pool]:
    """A pool of two connections through the proxy; the parameter is more of its settings."""
    sizes = {"size": 2, "max_overflow": 0, "timeout": "20s", **getattr(request, "param", {})}
    url = postgres.url(port=proxy.port, application_name=WHO, sslmode="disable")
    async with load(orders={"url": url, "pool": sizes, "timeouts": {"close": "300ms"}}) as registry:
        yield Pool(registry, postgres)
        proxy.heal()


async def cancelled(task: asyncio.Task[object]) -> None:
    """Cancel a task and wait for its end, which must come soon."""
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=SOON)
    assert done, "the task did not end"
    assert task.cancelled()


async def test_in_a_connect(pool: Pool, proxy: FaultProxy) -> None:
    proxy.down = STOPPED
    task = asyncio.create_task(pool.ask())
    await wait_until(lambda: pool.stats.connecting == 1)

    await cancelled(task)
    proxy.heal()

    await pool.is_intact()


@pytest.mark.parametrize("pool", [{"pre_ping": "always"}], indirect=True)
async def test_in_a_test(pool: Pool, proxy: FaultProxy) -> None:
    await pool.ask()
    proxy.down = STOPPED
    task = asyncio.create_task(pool.ask())
    await wait_until(lambda: pool.stats.liveness_pinged == 1)

    await cancelled(task)
    proxy.heal()

    await pool.is_intact()


async def test_in_a_statement(pool: Pool) -> None:
    async def work() -> None:
        async with pool.registry.session("orders") as session:
            await session.execute(text("SELECT pg_sleep(60)"))

    task = asyncio.create_task(work())
    await wait_until(lambda: pool.stats.in_use == 1)

    await cancelled(task)

    await pool.is_intact()


@pytest.mark.parametrize("pool", [{"reset": "rollback"}, {"reset": "full"}], indirect=True)
@pytest.mark.parametrize("autocommit", [False, True])
async def test_in_a_rollback_or_reset(pool: Pool, proxy: FaultProxy, autocommit: bool) -> None:
    """Without a transaction there is nothing to roll back; a reset is all that there is."""
    asked = asyncio.Event()

    async def work() -> None:
        async with pool.registry.connect("orders", autocommit=autocommit) as connection:
            await connection.execute(PID)
            proxy.down = STOPPED
            asked.set()
        await asyncio.get_running_loop().create_future()

    task = asyncio.create_task(work())
    await asked.wait()
    await asyncio.sleep(0)

    await cancelled(task)
    proxy.heal()

    await pool.is_intact()


@pytest.mark.parametrize("pool", [{"max_lifetime": "1ms"}], indirect=True)
async def test_in_a_close(pool: Pool, proxy: FaultProxy) -> None:
    async def work() -> None:
        async with pool.registry.connect("orders") as connection:
            await connection.execute(PID)
            await connection.rollback()
            proxy.down = STOPPED
        await asyncio.get_running_loop().create_future()

    task = asyncio.create_task(work())
    await wait_until(lambda: pool.stats.closed_by.get("lifetime") == 1)

    await cancelled(task)
    proxy.heal()

    await wait_until(lambda: pool.server.backends(WHO) == 0, SOON, what="the backend to be gone")
    assert (pool.stats.open, pool.stats.in_use) == (0, 0)


async def use(pool: Pool) -> None:
    async with pool.registry.begin("orders") as session:
        await session.execute(PID)


async def use_engine(pool: Pool) -> None:
    """Without the shelter that the registry's own blocks give."""
    connection = pool.registry.engine("orders").connect()
    await connection.start()
    try:
        await connection.execute(PID)
    finally:
        await connection.close()


@pytest.mark.parametrize("pool", [{"reset": "full", "pre_ping": "always"}], indirect=True)
@pytest.mark.parametrize("work", [use, use_engine])
async def test_in_each_turn_of_a_checkout_its_use_and_its_end_while_others_wait(
    pool: Pool, work: Callable[[Pool], object]
) -> None:
    ended, turns = 0, 0
    while ended < TIMES_TO_THE_END:
        others = [asyncio.create_task(pool.ask()) for _ in range(2)]
        task = asyncio.create_task(work(pool))  # type: ignore[arg-type]
        others += [asyncio.create_task(pool.ask()) for _ in range(2)]
        for _ in range(turns):
            await asyncio.sleep(0)
        ended += task.done()
        turns += 1
        task.cancel()
        with suppress(asyncio.CancelledError, DBAPIError):
            await task
        await asyncio.gather(*others)

    await pool.is_intact()
    assert pool.stats.timeouts == 0


async def test_two_hundred_at_once(pool: Pool) -> None:
    tasks = [asyncio.create_task(use(pool)) for _ in range(200)]
    await wait_until(lambda: pool.stats.waiting > 100)

    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)

    assert pool.stats.waiting == 0
    await pool.is_intact()

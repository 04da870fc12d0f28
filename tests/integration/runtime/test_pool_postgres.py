"""The pool of a PostgreSQL profile: its limits, its counters, and what the server sees of it."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest
import sqlalchemy.exc
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from connmgr import PoolStats, PoolTimeout, Registry
from tests.rig.postgres import PostgresServer
from tests.rig.wait import wait_until

Load = Callable[..., Registry]
PID = text("SELECT pg_backend_pid()")
WHO = "connmgr-pool-test"


def profile(server: PostgresServer, **pool: object) -> dict[str, object]:
    return {"url": server.url(application_name=WHO), "pool": pool}


async def hold(sessions: AsyncExitStack, registry: Registry, count: int) -> list[AsyncSession]:
    """Open sessions that each hold a connection, all at once."""
    opened = [await sessions.enter_async_context(registry.session("orders")) for _ in range(count)]
    await asyncio.gather(*(session.execute(PID) for session in opened))
    return opened


async def backends(server: PostgresServer) -> int:
    return await asyncio.to_thread(server.backends, WHO)


@pytest.fixture
async def small(load: Load, postgres: PostgresServer) -> AsyncIterator[Registry]:
    """An open registry whose profile `orders` keeps one connection and opens one more."""
    async with load(orders=profile(postgres, size=1, max_overflow=1, timeout="100ms")) as registry:
        yield registry


async def test_thirty_sessions_work_at_once_and_the_next_gets_a_timeout(
    load: Load, postgres: PostgresServer
) -> None:
    registry = load(orders=profile(postgres, size=10, max_overflow=20, timeout="2s"))

    async with registry, AsyncExitStack() as sessions:
        holders = await hold(sessions, registry, 30)
        pids = {(await session.execute(PID)).scalar_one() for session in holders}
        started = time.monotonic()
        with pytest.raises(PoolTimeout) as failure:
            async with registry.session("orders") as one_too_many:
                await one_too_many.execute(PID)
        waited = time.monotonic() - started

    assert len(pids) == 30
    assert waited >= 2
    assert isinstance(failure.value, sqlalchemy.exc.TimeoutError)
    assert re.fullmatch(
        r"profile 'orders': no connection within 2 s \(pool\.timeout; \d\.\d\d s passed\): "
        "30 in use of 30, 0 idle, 0 connecting, 0 waiting, 30 checkouts, 1 timeouts, "
        "30 created, 0 failed, 0 closed; "
        "look for sessions that are held too long, or raise pool.size or pool.max_overflow",
        str(failure.value),
    )
    assert await backends(postgres) == 0


async def test_the_next_session_gets_the_first_connection_that_comes_back(
    load: Load, postgres: PostgresServer
) -> None:
    registry = load(orders=profile(postgres, size=1, max_overflow=0, timeout="60s"))

    async with registry, AsyncExitStack() as sessions:
        (holder,) = await hold(sessions, registry, 1)
        async with registry.session("orders") as next_in_line:
            waiting = asyncio.create_task(next_in_line.execute(PID))
            await wait_until(lambda: registry.stats("orders").waiting == 1)
            await holder.close()
            await waiting

            assert registry.stats("orders").waiting == 0
            assert registry.stats("orders").created == 1


async def test_a_waiter_that_gives_up_is_not_counted_as_waiting_or_in_use(small: Registry) -> None:
    async with AsyncExitStack() as sessions:
        await hold(sessions, small, 2)
        waiting = asyncio.create_task(hold(sessions, small, 1))
        await wait_until(lambda: small.stats("orders").waiting == 1)

        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

        stats = small.stats("orders")
        assert (stats.waiting, stats.in_use, stats.timeouts) == (0, 2, 0)


async def test_the_counters_say_what_the_server_sees_at_every_step(
    small: Registry, postgres: PostgresServer
) -> None:
    steps: list[PoolStats] = []
    seen: list[int] = []

    async def look() -> None:
        steps.append(small.stats("orders"))
        await wait_until(lambda: _agrees(postgres, steps[-1].open))
        seen.append(steps[-1].open)

    await look()
    async with small.session("orders") as first:
        await first.execute(PID)
        await look()
        async with small.session("orders") as second:
            await second.execute(PID)
            await look()
        await look()
    await look()

    assert seen == [0, 1, 2, 1, 1]
    assert [(step.in_use, step.idle) for step in steps] == [(0, 0), (1, 0), (2, 0), (1, 0), (0, 1)]
    assert [(step.checkouts, step.created, step.closed) for step in steps] == [
        (0, 0, 0),
        (1, 1, 0),
        (2, 2, 0),
        (2, 2, 1),
        (2, 2, 1),
    ]
    assert all(step.idle + step.in_use == step.open for step in steps)


async def _agrees(server: PostgresServer, expected: int) -> bool:
    return await backends(server) == expected


async def test_a_full_pool_is_saturated(small: Registry) -> None:
    async with AsyncExitStack() as sessions:
        await hold(sessions, small, 1)
        with_one = small.stats("orders").saturated
        await hold(sessions, small, 1)
        with_two = small.stats("orders").saturated

    assert (with_one, with_two, small.stats("orders").saturated) == (False, True, False)


async def test_connects_that_fail_free_their_slot_and_are_counted(load: Load) -> None:
    pool = {"size": 1, "max_overflow": 0, "timeout": "100ms"}
    refused = {"url": "postgresql://app@127.0.0.1:1/orders", "pool": pool}

    async with load(orders=refused) as registry:
        for _ in range(3):
            with pytest.raises(PoolTimeout, match="refused") as failure:
                async with registry.session("orders") as session:
                    await session.execute(PID)
            assert isinstance(failure.value.__cause__, ConnectionRefusedError)
        await wait_until(lambda: registry.stats("orders").connecting == 0)
        stats = registry.stats("orders")

    assert (stats.created, stats.open, stats.in_use, stats.waiting) == (0, 0, 0, 0)
    assert stats.failed >= 3


async def test_a_returned_connection_is_lent_again(small: Registry) -> None:
    pids = []
    for _ in range(3):
        async with small.session("orders") as session:
            pids.append((await session.execute(PID)).scalar_one())

    assert len(set(pids)) == 1


async def test_a_server_restart_between_two_sessions_costs_no_error(
    load: Load, own_postgres: PostgresServer
) -> None:
    async with load(orders=profile(own_postgres, size=3)) as registry:
        async with AsyncExitStack() as sessions:
            await hold(sessions, registry, 3)
        await asyncio.to_thread(own_postgres.restart)

        async with AsyncExitStack() as sessions:
            await hold(sessions, registry, 3)
            stats = registry.stats("orders")

    assert (stats.open, stats.in_use, stats.created, stats.failed) == (3, 3, 6, 0)


async def test_a_disposed_engine_counts_on_with_its_new_pool(small: Registry) -> None:
    async with AsyncExitStack() as sessions:
        await hold(sessions, small, 1)
    await small.engine("orders").dispose()
    after_dispose = small.stats("orders")
    async with AsyncExitStack() as sessions:
        await hold(sessions, small, 1)
        stats = small.stats("orders")

    assert (after_dispose.open, after_dispose.closed) == (0, 1)
    assert (stats.open, stats.in_use, stats.created, stats.checkouts) == (1, 1, 2, 2)


async def test_cancelled_sessions_leave_no_connection_behind(load: Load, postgres: PostgresServer) -> None:
    registry = load(orders=profile(postgres, size=2, max_overflow=2, timeout="60s"))

    async with registry:
        tasks = [asyncio.create_task(_sleep(registry)) for _ in range(12)]
        await wait_until(lambda: registry.stats("orders").in_use == 4)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        stats = registry.stats("orders")

        assert (stats.in_use, stats.waiting, stats.connecting) == (0, 0, 0)
        await wait_until(lambda: _agrees(postgres, stats.open))
    assert await backends(postgres) == 0


async def _sleep(registry: Registry) -> None:
    async with registry.session("orders") as session:
        await session.execute(text("SELECT pg_sleep(60)"))

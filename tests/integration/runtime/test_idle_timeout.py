"""`pool.idle_timeout`: a connection that was idle for too long is replaced when it is next asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sqlalchemy import text

from connmgr import Registry
from tests.rig.postgres import PostgresServer

Load = Callable[..., Registry]
PID = text("SELECT pg_backend_pid()")


async def backend(registry: Registry) -> int:
    async with registry.session("orders") as session:
        return (await session.execute(PID)).scalar_one()


async def test_a_connection_that_was_idle_for_longer_is_replaced(
    load: Load, postgres: PostgresServer
) -> None:
    pool = {"size": 1, "max_overflow": 0, "idle_timeout": "1ms"}

    async with load(orders={"url": postgres.url(), "pool": pool}) as registry:
        first = await backend(registry)
        await asyncio.sleep(0.01)
        second = await backend(registry)
        stats = registry.stats("orders")

    assert second != first
    assert stats.closed == 1
    assert stats.open == 1


async def test_a_connection_that_was_idle_for_less_is_kept(load: Load, postgres: PostgresServer) -> None:
    pool = {"size": 1, "max_overflow": 0, "idle_timeout": "1h", "max_lifetime": "2h"}

    async with load(orders={"url": postgres.url(), "pool": pool}) as registry:
        pids = {await backend(registry) for _ in range(5)}

    assert len(pids) == 1

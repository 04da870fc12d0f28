"""A burst after a quiet while is served by all the connections there are, not by the first one tested."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text

from connmgr import Registry
from tests.rig.postgres import PostgresServer

Load = Callable[..., Registry]
PID = text("SELECT pg_backend_pid() FROM pg_sleep(0.05)")


async def ask(registry: Registry) -> int:
    async with registry.connect("orders") as connection:
        return int(await connection.scalar(PID))


@pytest.mark.alone
async def test_each_caller_of_a_burst_has_another_idle_connection_tested(
    load: Load, postgres: PostgresServer
) -> None:
    pool = {"size": 5, "max_overflow": 5, "pre_ping": "always"}

    async with load(orders={"url": postgres.url(), "pool": pool}) as registry:
        async with AsyncExitStack() as connections:
            for _ in range(5):
                await connections.enter_async_context(registry.connect("orders"))
        before = registry.stats("orders")
        backends = await asyncio.gather(*(ask(registry) for _ in range(5)))
        after = registry.stats("orders")

    assert len(set(backends)) == 5
    assert after.liveness_pinged - before.liveness_pinged == 5
    assert after.created == before.created == 5

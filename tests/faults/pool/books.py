"""Ask a pool for a session, and look whether its books still balance."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from sqlalchemy import text

from connmgr import PoolStats, Registry
from tests.rig.wait import wait_until

ONE = text("SELECT 1")


async def ask(registry: Registry) -> int:
    """Make one round trip in a session of its own."""
    async with registry.session("db") as session:
        return int(await session.scalar(ONE))


async def warm(registry: Registry, connections: int) -> None:
    """Leave so many idle connections in the pool."""
    opened = [registry.session("db") for _ in range(connections)]
    await asyncio.gather(*(session.execute(ONE) for session in opened))
    for session in opened:
        await session.close()


async def outcomes(work: list[Awaitable[object]]) -> list[object]:
    """Return what each came to, errors included, in their order."""
    return await asyncio.gather(*work, return_exceptions=True)


async def settled(registry: Registry) -> PoolStats:
    """Wait until nobody connects, waits or has a connection, and check that none got lost meanwhile."""
    await wait_until(lambda: _is_quiet(registry.stats("db")), what="the pool to be quiet")
    stats = registry.stats("db")
    assert stats.created - stats.closed == stats.open == stats.idle
    return stats


def _is_quiet(stats: PoolStats) -> bool:
    return (stats.connecting, stats.waiting, stats.in_use) == (0, 0, 0)

"""What the tests of lost packets ask of a profile `db`, and the pool that they ask it of."""

from __future__ import annotations

import asyncio

from sqlalchemy import text

from connmgr import Registry

POOL = {"size": 5, "max_overflow": 0}


async def select(registry: Registry, *, seconds: float = 0.0) -> None:
    """Run one statement that takes `seconds`, in a session of its own."""
    async with registry.session("db") as session:
        await session.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": seconds})


async def fill(registry: Registry) -> None:
    """Use every connection of the pool at once, so that all are open and idle afterwards."""
    await asyncio.gather(*(select(registry, seconds=0.1) for _ in range(POOL["size"])))
    assert registry.stats("db").idle == POOL["size"]

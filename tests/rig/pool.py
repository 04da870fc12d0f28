"""A pool by itself, without a registry, whose time stands still until the test moves it."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import cast

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from connmgr.engine.drivers import build_driver
from connmgr.engine.factory import build_engine
from connmgr.engine.pool import Meter, ProfilePool, housekeep
from connmgr.poolstats import PoolStats
from connmgr.settings import Settings
from tests.rig.wait import wait_until

PID = text("SELECT pg_backend_pid()")


class Clock:
    """The pool's clock. Deadlines of waiting callers are still the event loop's."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


class Lab:
    """An engine with its pool and clock; `close` ends what it opened."""

    def __init__(self, settings: Settings) -> None:
        self.clock = Clock()
        self.driver = build_driver(settings)
        self.engine = build_engine(Meter(settings, self.driver, self.clock))

    @property
    def pool(self) -> ProfilePool:
        """The engine's pool."""
        return cast(ProfilePool, self.engine.pool)

    @property
    def stats(self) -> PoolStats:
        """The pool's counters now."""
        return self.pool.stats()

    def housekeep(self) -> None:
        """Do what the registry's housekeeper does about once a second."""
        housekeep(self.pool)

    async def hold(self, stack: AsyncExitStack, count: int) -> list[AsyncConnection]:
        """Check out so many connections, one after the other."""
        return [await stack.enter_async_context(self.engine.connect()) for _ in range(count)]

    async def fill(self, count: int) -> None:
        """Leave so many idle connections in the pool."""
        async with AsyncExitStack() as stack:
            await self.hold(stack, count)

    async def pid(self) -> int:
        """Return the backend of whichever connection a caller gets now."""
        async with self.engine.connect() as connection:
            return int((await connection.execute(PID)).scalar_one())

    async def quiet(self) -> PoolStats:
        """Wait until nothing is under way, and return the counters."""
        await wait_until(self._is_quiet, what="the pool to be quiet")
        return self.stats

    def _is_quiet(self) -> bool:
        stats = self.stats
        return (stats.connecting, stats.waiting, stats.in_use) == (0, 0, 0)

    async def close(self) -> None:
        """Close every connection, and what they shared."""
        self.pool.retire()
        await self.engine.dispose()
        self.pool.meter.terminate_all()
        await self.driver.close()

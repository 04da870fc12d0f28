"""What one profile's pool knows about itself: its connections, its counters, whether it is retired."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import Any

from sqlalchemy import exc
from sqlalchemy.pool import ConnectionPoolEntry

from connmgr import errors
from connmgr.engine.cleanup import finish
from connmgr.engine.deadlines import Deadlines
from connmgr.engine.drivers import Driver
from connmgr.report import PoolStats
from connmgr.settings import Settings


class PoolTimeout(errors.PoolTimeout, exc.TimeoutError):
    """`connmgr.PoolTimeout` and `sqlalchemy.exc.TimeoutError` at once."""


class Meter:
    """Counts for a pool and for those that replace it: `Engine.dispose` makes a new pool, the meter stays.

    Counting happens where a connection passes, in plain additions; `stats` derives the gauges.
    """

    def __init__(self, settings: Settings, driver: Driver) -> None:
        self.settings = settings
        self.driver = driver
        self.retired = False
        self.closing = Deadlines(settings.timeouts.close)
        self.checkouts = 0
        self.timeouts = 0
        self.created = 0
        self.failed = 0
        self.closed = 0
        self.waiting = 0
        self.connecting = 0
        self.out: set[ConnectionPoolEntry] = set()
        self.unused: set[int] = set()
        self._open: dict[int, Any] = {}

    def opened(self, dbapi_connection: Any) -> None:
        """Count a new connection."""
        self.created += 1
        self._open[id(dbapi_connection)] = dbapi_connection
        self.unused.add(id(dbapi_connection))

    def ended(self, dbapi_connection: Any) -> None:
        """Count a connection that is about to be closed."""
        self.unused.discard(id(dbapi_connection))
        if self._open.pop(id(dbapi_connection), None) is not None:
            self.closed += 1

    def terminate_all(self) -> None:
        """Close every open connection at once, in use or not. Their users get the driver's error."""
        for dbapi_connection in list(self._open.values()):
            with contextlib.suppress(Exception):  # one that cannot be closed must not save the others
                self.driver.terminate(dbapi_connection.driver_connection)

    async def close_in_use(self) -> None:
        """Close what is checked out, all at once. Its users get the driver's error."""
        # A record without a connection is one that is being connected again.
        records = [record for record in self.out if record.dbapi_connection is not None]
        ends = [self._close_hard(record.driver_connection) for record in records]
        await asyncio.gather(*ends, return_exceptions=True)

    async def _close_hard(self, driver_connection: Any) -> None:
        if self.driver.terminate_stops_work:
            self.driver.terminate(driver_connection)
        else:
            await self.close_politely(driver_connection)

    async def close_politely(self, driver_connection: Any) -> None:
        """Close a connection within `timeouts.close`; its server cancels what it still does for it."""
        cut = partial(self.driver.terminate, driver_connection)
        await finish(driver_connection.close(), self.closing, cut)

    def stats(self) -> PoolStats:
        """Return the counters as they are now."""
        pool = self.settings.pool
        # A record that was invalidated while checked out has no connection any more.
        in_use = sum(1 for record in self.out if record.dbapi_connection is not None)
        return PoolStats(
            mode=pool.mode,
            size=pool.size if pool.mode == "pooled" else 0,
            max=pool.max,
            # One that is being closed counts as closed already, and its record still has it.
            open=max(len(self._open), in_use),
            in_use=in_use,
            connecting=self.connecting,
            waiting=self.waiting,
            checkouts=self.checkouts,
            timeouts=self.timeouts,
            created=self.created,
            failed=self.failed,
            closed=self.closed,
        )

    def timed_out(self) -> PoolTimeout:
        """Count a checkout that found no connection in time and return the error to raise."""
        self.timeouts += 1
        seconds = self.settings.pool.timeout
        return PoolTimeout(
            f"profile {self.settings.name!r}: no connection became free within {seconds:g} s (pool.timeout): "
            f"{self.stats()}; "
            "look for sessions that are held too long, or raise pool.size or pool.max_overflow"
        )

    def refuse_when_retired(self) -> None:
        """Raise EngineRetired once the engine has left service.

        A disposed SQLAlchemy engine would quietly connect again, and nobody would close what it opens.
        """
        if self.retired:
            raise errors.EngineRetired(
                f"profile {self.settings.name!r}: this engine has left service; "
                "open a new session from the registry"
            )

"""How a pool's connections end: in bounded time, whatever is cancelled; every close passes here."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import Context
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.pool import Pool
from sqlalchemy.util import await_only, greenlet_spawn
from sqlalchemy.util.concurrency import in_greenlet

from connmgr.engine.pool import leaks
from connmgr.engine.pool.meter import Meter
from connmgr.engine.pool.record import Record


class ClosingPool(Pool):
    """What both kinds of pool share: the meter, and how connections come back and are closed."""

    meter: Meter
    # Unlike a set, a dictionary takes next to nothing while it is empty, as in most of a thousand profiles.
    _tasks: dict[asyncio.Task[Any], None]

    def another(self, lost: Record) -> Record:
        """Return a connection for a user whose own a listener for checkouts found wanting."""
        raise NotImplementedError

    def _came_back(self, record: Record, now: float) -> float:
        """Note that a user gave a connection back; return for how many seconds it was held."""
        held = now - record.taken_at
        self.meter.given_back(held)
        if record.stack is not None and record.dbapi_connection is not None:
            leaks.came_back(self.meter, record, now)
        record.give_back()
        return held

    def _close_connection(self, connection: Any, *, terminate: bool = False) -> None:
        """Close a connection for SQLAlchemy, which calls this for each.

        SQLAlchemy terminates what was cancelled in the middle of a statement. Such a connection is asked
        to close like any other: that makes the server cancel what it still does for it. SQLAlchemy's own
        way gives a server that is gone two seconds for that, whatever `timeouts.close` says. A connection
        that never came into the books has nothing to cancel, and asking would add to `timeouts.connect`;
        one that is dead would not answer; one that is collected, outside of any greenlet, cannot wait.
        """
        meter = self.meter
        record = meter.ended(connection)
        if record is None or record.dead:
            is_hard = terminate or record is not None
        else:
            is_hard = terminate and (meter.driver.terminate_stops_work or not in_greenlet())
        driver_connection = self._dialect.get_driver_connection(connection)
        if is_hard:
            self._terminate(driver_connection)
        else:
            self._close_politely(driver_connection)
        self._freed()

    def _terminate(self, driver_connection: Any) -> None:
        if self._is_elsewhere():
            # The garbage collector runs in any thread, and a transport may be closed in its own only.
            assert self.meter.loop is not None  # noqa: S101 - _is_elsewhere says so
            self.meter.loop.call_soon_threadsafe(self.meter.driver.terminate, driver_connection)
        else:
            self.meter.driver.terminate(driver_connection)

    def _is_elsewhere(self) -> bool:
        """Whether this is another thread than the one whose event loop has the connections."""
        loop = self.meter.loop
        if loop is None or not loop.is_running():
            return False
        try:
            return asyncio.get_running_loop() is not loop
        except RuntimeError:
            return True

    def _close_politely(self, driver_connection: Any) -> None:
        try:
            await_only(self.meter.close_politely(driver_connection))
        except Exception as error:  # noqa: BLE001 - it is going away; its user must not hear of it
            self.logger.info("Closing %r failed: %r", driver_connection, error)

    def _discard(self, record: Record, cause: str, *, dead: bool = False) -> None:
        """Close a connection that nobody has, without making anybody wait for that."""
        record.cause, record.dead = cause, dead
        if dead:
            record.close()
        else:
            self.spawn(greenlet_spawn(record.close))
            # It is as good as gone: its slot is free now, not when its server has said goodbye.
            self.meter.ended(record.dbapi_connection)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run `work` in a task that the pool owns.

        In a context of its own: what it does is not part of the caller's trace or request.
        """
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self._tasks[task] = None
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        del self._tasks[task]
        if not self._tasks:
            self._tasks.clear()
        self._freed()

    def _freed(self) -> None:
        """Take note that a connection may be gone; for pools that share a limit."""

    async def _settle(self) -> None:
        """Wait for the closes that are under way."""
        while self._tasks:
            await asyncio.wait(self._tasks)


async def let_go(connection: Connection) -> None:
    """Return a connection that SQLAlchemy keeps when its rollback fails; it is not used again."""
    if not connection.closed:
        await greenlet_spawn(_close_invalidated, connection)


def _close_invalidated(connection: Connection) -> None:
    connection.invalidate()
    connection.close()

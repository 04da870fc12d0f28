"""What one profile's pool knows about itself: its settings, its open connections, its counters."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from connmgr.engine.cleanup import finish
from connmgr.engine.deadlines import Deadlines
from connmgr.engine.drivers import Driver
from connmgr.engine.pool.durations import Durations
from connmgr.engine.pool.record import Record
from connmgr.errors import EngineRetired, WrongEventLoop
from connmgr.observer import Observer
from connmgr.settings import Settings


class Meter:
    """Counts for a pool, and for one that `Engine.dispose(close=False)` puts in its place.

    Counting happens where a connection passes, in plain additions.
    """

    __slots__ = (
        "checkouts", "clock", "closed_by", "closing", "create", "created", "driver", "failed", "leaks",
        "liveness_failed", "liveness_pinged", "liveness_skipped", "loop", "observer", "open", "rejected",
        "retired", "settings", "timeouts", "use", "wait",
    )  # fmt: skip

    def __init__(
        self,
        settings: Settings,
        driver: Driver,
        clock: Callable[[], float] = time.monotonic,
        observer: Observer | None = None,
    ) -> None:
        self.settings = settings
        self.driver = driver
        self.clock = clock
        self.observer = observer
        self.retired = False
        self.closing = Deadlines(settings.timeouts.close)
        self.loop: asyncio.AbstractEventLoop | None = None
        self.open: dict[int, Record] = {}
        self.checkouts = self.timeouts = self.rejected = self.created = self.failed = self.leaks = 0
        self.liveness_skipped = self.liveness_pinged = self.liveness_failed = 0
        self.closed_by: dict[str, int] = {}
        self.wait, self.use, self.create = Durations(), Durations(), Durations()

    def adopt(self, settings: Settings) -> None:
        """Go on with other settings; whoever reads them here finds them at once."""
        if settings.timeouts.close != self.closing.seconds:
            self.closing = Deadlines(settings.timeouts.close)
        self.settings = settings

    def opened(self, record: Record, seconds: float) -> None:
        """Enter a new connection, which took `seconds`, in the books."""
        self.created += 1
        self.create.add(seconds)
        if self.observer is not None:
            self.observer.connected(self.settings.name, seconds)
        self.open[id(record.dbapi_connection)] = record

    def handed_out(self, seconds: float) -> None:
        """Count a checkout that took `seconds`."""
        self.checkouts += 1
        self.wait.add(seconds)
        if self.observer is not None:
            self.observer.checked_out(self.settings.name, seconds, None)

    def kept_waiting(self, seconds: float, error: BaseException) -> None:
        """Count a checkout that took `seconds` and came to nothing."""
        self.wait.add(seconds)
        if self.observer is not None:
            self.observer.checked_out(self.settings.name, seconds, error)

    def given_back(self, seconds: float) -> None:
        """Count the return of a connection that was out for `seconds`."""
        self.use.add(seconds)
        if self.observer is not None:
            self.observer.checked_in(self.settings.name, seconds)

    def ended(self, dbapi_connection: Any, cause: str | None = None) -> Record | None:
        """Strike out a connection that is about to be closed; None for one that is not in the books."""
        record = self.open.pop(id(dbapi_connection), None)
        if not self.open:
            # Profiles that are at rest are many; each would keep the memory of its largest pool.
            self.open.clear()
        if record is not None:
            cause = cause or record.cause
            self.closed_by[cause] = self.closed_by.get(cause, 0) + 1
        return record

    def forget(self, record: Record) -> None:
        """Strike out a connection that the pool will not see again, if it is in: its user detached it for
        good, or forgot it and the garbage collector found it.
        """
        for key, other in list(self.open.items()):
            if other is record:
                del self.open[key]
                cause = record.cause if record.cause == "collected" else "detached"
                self.closed_by[cause] = self.closed_by.get(cause, 0) + 1

    def refuse_when_retired(self) -> None:
        """Raise EngineRetired once the engine has left service.

        A disposed SQLAlchemy engine would quietly connect again, and nobody would close what it opens.
        """
        if self.retired:
            raise self.retirement()

    def refuse_elsewhere(self) -> None:
        """Raise WrongEventLoop in another event loop than that of the connections, as in a forked process.

        The driver would wait there for answers that another loop reads, or mix two users' bytes.
        """
        loop = self.loop
        if loop is not None and loop is not asyncio._get_running_loop() and not loop.is_closed():
            raise WrongEventLoop(
                f"profile {self.settings.name!r}: this engine belongs to another event loop; open the "
                "registry, or load one, in this loop or process, and ask it for what you need"
            )

    def retirement(self) -> EngineRetired:
        """Return the error for whoever asks a retired pool."""
        return EngineRetired(
            f"profile {self.settings.name!r}: this engine has left service; "
            "open a new session from the registry"
        )

    async def close_politely(self, driver_connection: Any) -> None:
        """Close a connection within `timeouts.close`; its server cancels what it still does for it."""
        cut = partial(self.driver.terminate, driver_connection)
        await finish(_in_a_task_of_its_own(driver_connection.close()), self.closing, cut)

    async def close_all(self) -> None:
        """Close what is open, in use or not, all at once. Users get the driver's error."""
        ends = [self._close_under_its_user(record.driver_connection) for record in self.open.values()]
        await asyncio.gather(*ends, return_exceptions=True)

    async def _close_under_its_user(self, driver_connection: Any) -> None:
        if self.driver.terminate_stops_work:
            self.driver.terminate(driver_connection)
        else:
            await self.close_politely(driver_connection)

    def terminate_all(self) -> None:
        """Close every open connection at once, in use or not, without a word to its server."""
        for record in list(self.open.values()):
            with contextlib.suppress(Exception):  # one that cannot be closed must not save the others
                self.driver.terminate(record.driver_connection)


async def _in_a_task_of_its_own(close: Coroutine[Any, Any, None]) -> None:
    """Run a driver's close. With `timeouts.command`, asyncpg's ends by cancelling the task that it runs in:
    `finish` would raise that as a cancellation of its caller, whom nobody cancelled.
    """
    await asyncio.get_running_loop().create_task(close)

"""SQLAlchemy's pools with a meter, hard closes and a deadline for each new connection."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import event, exc
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry, NullPool, Pool
from sqlalchemy.util import await_only
from sqlalchemy.util.concurrency import in_greenlet

from connmgr.engine.pool.meter import Meter

T = TypeVar("T")

_IDLE_SINCE = "connmgr.idle_since"


class _Metered(Pool):
    """What both kinds of pool share: counting, hard closes, and the deadline of a new connection."""

    meter: Meter

    def _meter_connects(self) -> None:
        """Put the meter between the pool and its creator, which reconnects call as well as new records."""
        self._uncounted_connect = self._invoke_creator
        self._invoke_creator = self._counted_connect  # type: ignore[assignment] # a parameter's name

    def _counted_connect(self, record: ConnectionPoolEntry) -> Any:
        """Connect for whoever waited or asked before the engine was retired, too: they get no connection.

        Nobody would close it, and the server would show it after the registry is closed.
        """
        meter = self.meter
        meter.refuse_when_retired()
        meter.connecting += 1
        try:
            connection = self._in_time(lambda: self._uncounted_connect(record))
        except BaseException:
            meter.failed += 1
            raise
        finally:
            meter.connecting -= 1
        if meter.retired:
            meter.driver.terminate(connection.driver_connection)
            meter.refuse_when_retired()
        meter.opened(connection)
        return connection

    def _create_connection(self) -> ConnectionPoolEntry:
        """Connect, and let SQLAlchemy ask its first questions, within `timeouts.connect`."""
        return self._in_time(super()._create_connection)

    def _in_time(self, work: Callable[[], T]) -> T:
        settings = self.meter.settings
        try:
            return _within(settings.timeouts.connect, work)
        except TimeoutError:
            raise TimeoutError(
                f"profile {settings.name!r}: no connection to {settings.target.url} within "
                f"{settings.timeouts.connect:g} s (timeouts.connect)"
            ) from None

    def _carried_over(self) -> dict[str, Any]:
        """Return the arguments that a pool hands on to the one that takes over from it."""
        return {
            "recycle": self._recycle,
            "echo": self.echo,
            "logging_name": self._orig_logging_name,
            "reset_on_return": self._reset_on_return,
            "_dispatch": self.dispatch,
            "dialect": self._dialect,
        }

    def _checked_out(self, record: ConnectionPoolEntry) -> ConnectionPoolEntry:
        self.meter.checkouts += 1
        self.meter.out.add(record)
        return record

    def _close_connection(self, connection: Any, *, terminate: bool = False) -> None:
        """Close a connection, in bounded time and whatever is cancelled; every close passes here.

        SQLAlchemy terminates what was cancelled in the middle of a statement. Such a connection is asked
        to close like any other: that makes the server cancel what it still does for it. SQLAlchemy's own
        way gives a server that is gone two seconds for that, whatever `timeouts.close` says. A connection
        that never got as far as its first checkout has nothing to cancel, and asking would add to
        `timeouts.connect`; one that is collected, outside of any greenlet, cannot wait.
        """
        meter = self.meter
        unused = id(connection) in meter.unused
        meter.ended(connection)
        if terminate and (unused or meter.driver.terminate_stops_work or not in_greenlet()):
            meter.driver.terminate(connection.driver_connection)
        else:
            self._close_politely(connection.driver_connection)

    def _close_politely(self, driver_connection: Any) -> None:
        try:
            await_only(self.meter.close_politely(driver_connection))
        except Exception as error:  # noqa: BLE001 - it is going away; its user must not hear of it
            self.logger.info("Closing %r failed: %r", driver_connection, error)


class ProfilePool(_Metered, AsyncAdaptedQueuePool):
    """A pool of `pool.size` connections and `pool.max_overflow` more under load."""

    # SQLAlchemy passes on only arguments that it finds as plain parameters of this signature.
    def __init__(self, creator: Any, meter: Meter, pool_size: int = 5, max_overflow: int = 10,
                 timeout: float = 30.0, use_lifo: bool = True, **kw: Any) -> None:  # fmt: skip
        self.meter = meter
        super().__init__(
            creator, pool_size=pool_size, max_overflow=max_overflow, timeout=timeout, use_lifo=use_lifo, **kw
        )
        self._meter_connects()

    def _do_get(self) -> ConnectionPoolEntry:
        self.meter.refuse_when_retired()
        waits = self._pool.empty() and self._overflow >= self._max_overflow
        self.meter.waiting += waits
        try:
            return self._checked_out(super()._do_get())
        except exc.TimeoutError:
            raise self.meter.timed_out() from None
        finally:
            self.meter.waiting -= waits

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        self.meter.out.discard(record)
        if self.meter.retired:
            record.close()
        record.info[_IDLE_SINCE] = time.monotonic()
        super()._do_return_conn(record)

    def recreate(self) -> ProfilePool:
        """Return a pool to take over after `Engine.dispose`; the meter goes along."""
        self.logger.info("Pool recreating")
        return type(self)(
            self._creator,
            self.meter,
            pool_size=self._pool.maxsize,
            max_overflow=self._max_overflow,
            timeout=self._timeout,
            use_lifo=self._pool.use_lifo,
            **self._carried_over(),
        )


class ConnectionPerCheckout(_Metered, NullPool):
    """No pooling: each checkout opens a connection and each return closes it."""

    def __init__(self, creator: Any, meter: Meter, **kw: Any) -> None:
        self.meter = meter
        super().__init__(creator, **kw)
        self._meter_connects()

    def _do_get(self) -> ConnectionPoolEntry:
        self.meter.refuse_when_retired()
        return self._checked_out(super()._do_get())

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        self.meter.out.discard(record)
        super()._do_return_conn(record)

    def recreate(self) -> ConnectionPerCheckout:
        """Return a pool to take over after `Engine.dispose`; the meter goes along."""
        self.logger.info("Pool recreating")
        return type(self)(
            self._creator,
            self.meter,
            **self._carried_over(),
        )


def _within(seconds: float, work: Callable[[], T]) -> T:
    """Run `work`, which waits through SQLAlchemy's greenlet, under a deadline."""
    deadline = asyncio.timeout(seconds)
    await_only(deadline.__aenter__())
    try:
        result = work()
    except BaseException as error:
        # Turns the cancellation that the deadline sent into TimeoutError, and lets anything else pass.
        await_only(deadline.__aexit__(type(error), error, error.__traceback__))
        raise
    await_only(deadline.__aexit__(None, None, None))
    return result


def _receive(dbapi_connection: Any, record: ConnectionPoolEntry, proxy: Any) -> None:
    """Replace a connection that is known to be dead or was idle for too long, at no cost in round trips."""
    meter = proxy._pool.meter
    meter.unused.discard(id(dbapi_connection))
    longest = meter.settings.pool.idle_timeout
    if longest is not None and time.monotonic() - record.info.get(_IDLE_SINCE, math.inf) > longest:
        raise exc.DisconnectionError("the connection was idle for longer than pool.idle_timeout")
    if meter.driver.is_closed(dbapi_connection.driver_connection):
        # Not InvalidatePoolError: that would replace the live ones with it.
        raise exc.DisconnectionError("the server closed the connection while it was idle")


# On the classes, not on each pool: a thousand profiles would pay for a thousand sets of listeners.
for _pool_class in (ProfilePool, ConnectionPerCheckout):
    event.listen(_pool_class, "checkout", _receive, asyncio=False)

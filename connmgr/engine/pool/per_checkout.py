"""The pool that keeps nothing: each checkout opens a connection and each return closes it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from sqlalchemy.util import await_only

from connmgr.engine.pool import failing, stacks, stats
from connmgr.engine.pool.breaker import breaker_changed, build_breaker, state_of
from connmgr.engine.pool.closing import ClosingPool
from connmgr.engine.pool.meter import Meter
from connmgr.engine.pool.opening import open_record
from connmgr.engine.pool.record import Record
from connmgr.poolstats import PoolStats


class ConnectionPerCheckout(ClosingPool):
    """For `pool.mode: none`. A caller connects by itself, within `timeouts.connect`, and tries once."""

    # SQLAlchemy passes on only arguments that it finds as plain parameters of this signature.
    def __init__(self, creator: Any, meter: Meter, **kw: Any) -> None:
        # A connection that is closed anyway needs no rollback before.
        super().__init__(creator, **{**kw, "reset_on_return": None})
        self.meter = meter
        self._tasks = {}
        self._connecting = self._waiting = 0
        self._gate: asyncio.Event | None = None
        self._breaker = build_breaker(meter, lambda _: None, self._probe)

    def _do_get(self) -> Record:
        meter = self.meter
        begun = meter.clock()
        record = self._open()
        record.take(record.alive_at, begun)
        meter.handed_out(record.alive_at - begun)
        if meter.settings.pool.leak_detection_threshold is not None:
            record.stack = stacks.capture()
        return record

    def _open(self) -> Record:
        self.meter.refuse_elsewhere()
        while self._gate is not None:
            await_only(self._wait_at(self._gate))
        if self._breaker is not None:
            self._breaker.check()
        record = await_only(self._connect())
        if self.meter.retired:
            record.dead = True
            record.close()
            raise self.meter.retirement()
        return record

    async def _wait_at(self, gate: asyncio.Event) -> None:
        begun = self.meter.clock()
        self._waiting += 1
        try:
            async with asyncio.timeout(self.meter.settings.pool.timeout):
                await gate.wait()
        except TimeoutError:
            self.meter.timeouts += 1
            raise failing.timed_out(self.meter, self.meter.clock() - begun, self.stats(), None) from None
        finally:
            self._waiting -= 1
        self.meter.refuse_when_retired()

    async def _connect(self) -> Record:
        self._connecting += 1
        try:
            record = await open_record(self)
        except Exception as error:
            if self._breaker is not None:
                self._breaker.failed(error)
            raise
        finally:
            self._connecting -= 1
        if self._breaker is not None:
            self._breaker.succeeded()
        return record

    def _probe(self) -> None:
        if self._connecting:
            return  # one is under way that will tell as much
        self.spawn(self._connect_and_close())

    async def _connect_and_close(self) -> None:
        with contextlib.suppress(Exception):  # the breaker has counted it
            self._discard(await self._connect(), "returned")

    def another(self, lost: Record) -> Record:
        """Open one more."""
        return self._open()

    def _do_return_conn(self, record: Record) -> None:  # type: ignore[override] # ours are all Records
        self._came_back(record, self.meter.clock())
        record.cause = "returned"
        if record.dbapi_connection is None:
            self.meter.forget(record)
        else:
            record.close()

    def stats(self) -> PoolStats:
        """Return the counters as they are now; no I/O."""
        return stats.snapshot(
            self.meter,
            size=0,
            max=None,
            connecting=self._connecting,
            waiting=self._waiting,
            breaker=state_of(self._breaker),
            paused=self._gate is not None,
        )

    def adopt(self) -> None:
        """Go on with the meter's settings, which are others now."""
        if breaker_changed(self._breaker, self.meter):
            self._breaker = build_breaker(self.meter, lambda _: None, self._probe)

    def pause(self) -> None:
        """Let callers wait, no longer than `pool.timeout`."""
        if self._gate is None:
            self._gate = asyncio.Event()
        if self._breaker is not None:
            self._breaker.stop()

    def resume(self) -> None:
        """Let those who wait connect, and whoever comes."""
        gate, self._gate = self._gate, None
        if gate is not None:
            gate.set()

    def replace_all(self, cause: str) -> None:
        """Do nothing: each connection is new, and none is kept."""

    def leave(self) -> None:
        """Do nothing: no connection is kept."""

    def held(self) -> int:
        """Count the connections that are open, connecting, or not yet closed to the end."""
        return len(self.meter.open) + self._connecting + len(self._tasks)

    @property
    def last_error(self) -> None:
        """Each caller has the error of its own connect."""
        return None

    def status(self) -> str:
        """Say how the pool does, as SQLAlchemy's pools do; `stats` has it in figures."""
        return str(self.stats())

    def retire(self) -> None:
        """Serve nobody any more: new checkouts get EngineRetired."""
        self.meter.retired = True
        if self._breaker is not None:
            self._breaker.stop()
        self.resume()

    def dispose(self) -> None:
        """Do nothing: no connection is kept."""

    def recreate(self) -> ConnectionPerCheckout:
        """Return the pool that takes over after `Engine.dispose`: this one."""
        return self

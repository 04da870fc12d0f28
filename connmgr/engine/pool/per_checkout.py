"""The pool that keeps nothing: each checkout opens a connection and each return closes it."""

from __future__ import annotations

import contextlib
from typing import Any

from sqlalchemy.util import await_only

from connmgr.engine.pool import stacks, stats
from connmgr.engine.pool.breaker import build_breaker, state_of
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
        self._connecting = 0
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
        if self._breaker is not None:
            self._breaker.check()
        record = await_only(self._connect())
        if self.meter.retired:
            record.dead = True
            record.close()
            raise self.meter.retirement()
        return record

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
        breaker = state_of(self._breaker)
        return stats.snapshot(self.meter, size=0, max=None, connecting=self._connecting, breaker=breaker)

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

    def dispose(self) -> None:
        """Do nothing: no connection is kept."""

    def recreate(self) -> ConnectionPerCheckout:
        """Return the pool that takes over after `Engine.dispose`: this one."""
        return self

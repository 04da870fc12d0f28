"""The pool of a profile, as SQLAlchemy calls it: how callers get a connection and bring it back."""

from __future__ import annotations

from typing import Any

from sqlalchemy.util import await_only
from sqlalchemy.util.concurrency import in_greenlet

from connmgr.engine.cleanup import finish
from connmgr.engine.pool import failing, stacks
from connmgr.engine.pool.family import READ_ONLY
from connmgr.engine.pool.liveness import Verdict
from connmgr.engine.pool.meter import Meter
from connmgr.engine.pool.record import Record
from connmgr.engine.pool.serving import ServingPool


class ProfilePool(ServingPool):
    """Keeps `pool.size` connections and opens `pool.max_overflow` more under load.

    A caller takes an idle connection that needs no test, at no cost. Otherwise it queues up, and gets
    whichever comes first: one that is returned, one that passed its test, or a new one. Tests and connects
    run in tasks of the pool's, so a caller that gives up or is cancelled takes nothing with it.
    """

    __slots__ = ()

    # SQLAlchemy passes on only arguments that it finds as plain parameters of this signature.
    def __init__(self, creator: Any, meter: Meter, **kw: Any) -> None:
        super().__init__(creator, meter, **kw)

    # Going out -----------------------------------------------------------------------------------------

    def _do_get(self) -> Record:
        self.meter.refuse_elsewhere()
        now = self.meter.clock()
        # Also when others wait: each caller that comes has one more idle connection tested, or a burst
        # after a quiet while would be served by the one that the first caller had tested.
        record = self._ready(now)
        if record is None and self._breaker is not None and not self._is_paused:
            # Not before: what the pool has is as good as ever, when it is only new connections that fail.
            self._breaker.check()
        if record is None or self._waiters:
            record = await_only(self._queue_up(record, now))
            self._hand_out(record, self.meter.clock(), now)
        else:
            self._hand_out(record, now, now)
        if self.meter.settings.pool.leak_detection_threshold is not None:
            record.stack = stacks.capture()
        return record

    def another(self, lost: Record) -> Record:
        """Return another connection, in what is left of the time that its user gave the first."""
        record = self._ready(self.meter.clock())
        if record is None or self._waiters:
            record = await_only(self._queue_up(record, lost.asked_at))
        return record

    def _ready(self, now: float) -> Record | None:
        """Take an idle connection that can be handed out as it is; start its test where one is due."""
        while self.idle:
            record = self.idle.pop() if self.meter.settings.pool.use_lifo else self.idle.pop(0)
            verdict = self._liveness.judge(record, now)
            if verdict is Verdict.READY:
                return record
            if verdict is Verdict.DUE:
                self._liveness.check(record, for_waiter=True)
                return None
            if verdict is Verdict.DEAD:
                self.discard_dead(record)
            else:
                self._discard(record, verdict.value)
        return None

    async def _queue_up(self, found: Record | None, since: float) -> Record:
        """Wait for a connection; one that was found at once is for those who wait already."""
        if found is not None:
            self.offer(found)
        return await self._wait(since)

    async def _wait(self, since: float) -> Record:
        """Queue up, and go on doing so at the head of the queue when what came is dead."""
        self.meter.refuse_when_retired()
        self._refuse_when_too_many_wait()
        is_newcomer = True
        died: BaseException | None = None
        failures = self._connector.failures
        end = since + self.meter.settings.pool.timeout
        while True:
            place = self._waiters.join(since, failures, first=not is_newcomer)
            # After `join`: the connector must count this caller among those who wait.
            self._connector.demand(newcomer=is_newcomer)
            record = await self._waiters.wait(place, end - self.meter.clock(), self._take_back)
            if record is None:
                raise self._timed_out(self.meter.clock() - since, self._connector.last_error or died)
            if not self.meter.driver.is_closed(record.link):
                return record
            self.bury(record)
            # The next connect may just have come when the time is up, and die as this one did.
            died = self._connector.last_error
            # Retired in the same turn: nobody would serve it any more.
            self.meter.refuse_when_retired()
            is_newcomer = False

    def _hand_out(self, record: Record, now: float, since: float) -> None:
        record.take(now, since)
        self.meter.handed_out(now - since)

    def _refuse_when_too_many_wait(self) -> None:
        """Refuse whom neither a test, nor a connect, nor a free slot is there for, beyond `max_waiting`."""
        most = self.meter.settings.pool.max_waiting
        if most is None:
            return
        served = self._liveness.serving + len(self._connector) + max(0, self.free_slots())
        if len(self._waiters) + 1 - served > most:
            self.meter.rejected += 1
            raise failing.rejected(self.meter.settings, self.stats())

    def _timed_out(self, waited: float, cause: BaseException | None) -> failing.PoolTimeout:
        self.meter.timeouts += 1
        error = failing.timed_out(self.meter, waited, self.stats(), cause)
        self.meter.kept_waiting(waited, error)
        if len(self._connector):
            # Not a pool that is merely full: connects hang, and have not failed yet.
            self.counted(error)
        return error

    # Coming back ---------------------------------------------------------------------------------------

    def _do_return_conn(self, record: Record) -> None:  # type: ignore[override] # ours are all Records
        is_gone = record.dbapi_connection is None
        if is_gone and self._is_collected(record):
            return
        meter = self.meter
        if meter.settings.pool.reset == "full" and meter.driver.can_reset and not is_gone:
            self._reset(record)
        self._returned(record)

    def _is_collected(self, record: Record) -> bool:
        """Leave what the garbage collector brings to the event loop, if it runs.

        The collector runs in any thread, and in the middle of any move of the pool's.
        """
        if in_greenlet():
            return False
        record.cause = "collected"
        loop = self.meter.loop
        if loop is None or not loop.is_running():
            self.meter.forget(record)
        else:
            loop.call_soon_threadsafe(self._returned, record)
        return True

    def _reset(self, record: Record) -> None:
        """Take away what the session left; a connection where that fails is closed."""
        driver, connection = self.meter.driver, record.link
        try:
            work = finish(driver.reset(connection), self.meter.closing, lambda: driver.terminate(connection))
            await_only(work)
        except Exception as error:  # noqa: BLE001 - its user is done with it; only the connection suffers
            self.logger.info("Reset of %r failed: %r", connection, error)
            driver.terminate(connection)
        except BaseException:
            # Cancelled: the record would be out for good, for SQLAlchemy does not return it again.
            driver.terminate(connection)
            self._returned(record)
            raise

    def _returned(self, record: Record) -> None:
        meter = self.meter
        now = meter.clock()
        held = self._came_back(record, now)
        if record.dbapi_connection is None:
            meter.forget(record)
        elif meter.driver.is_closed(record.link):
            self.discard_dead(record)
        elif (cause := self._end_of(record, now)) is not None:
            self._discard(record, cause)
        else:
            record.used_at = now
            # Its last round trip may be as long ago as it was out: nothing need be said to give it back.
            if held <= meter.settings.pool.liveness_window:
                record.alive_at = self._alive_at = now
            if self._liveness.is_always and self._waiters:
                self._liveness.check(record, for_waiter=True)
            else:
                self.offer(record)
            return
        self._connector.demand()

    def _end_of(self, record: Record, now: float) -> str | None:
        """Say why a connection that came back is not kept, or None."""
        if record.generation != self._generation:
            return self._why_renewed
        if record.is_stale:
            return "invalidated"
        if self.meter.driver.is_in_transaction(record.link):
            # Begun behind SQLAlchemy's back, which so did not end it: the next user would work inside of it.
            return "transaction"
        if self.meter.settings.pool.reset == "full" and not self.meter.driver.can_reset:
            return "reset"
        if now >= record.expires_at:
            return "lifetime"
        return "shrunk" if len(self.meter.open) > self._max else None

    def _invalidate(
        self, connection: Any, exception: BaseException | None = None, _checkin: bool = True
    ) -> None:
        """Close one whose user lost it. SQLAlchemy would close all that are older, the live ones too."""
        if getattr(exception, "sqlstate", None) == READ_ONLY:
            self.renew("demoted")
        self._liveness.suspect()
        if _checkin and getattr(connection, "is_valid", False):
            connection.invalidate(exception)

"""What a profile's pool has: idle connections, those on their way, and those who wait for them."""

from __future__ import annotations

import math
from typing import Any

from connmgr.engine.marks import as_of
from connmgr.engine.pool import stats
from connmgr.engine.pool.breaker import build_breaker, state_of
from connmgr.engine.pool.closing import ClosingPool
from connmgr.engine.pool.connector import Connector
from connmgr.engine.pool.liveness import Liveness
from connmgr.engine.pool.meter import Meter
from connmgr.engine.pool.opening import open_record
from connmgr.engine.pool.overlap import Overlap
from connmgr.engine.pool.record import Record
from connmgr.engine.pool.waiters import Waiters
from connmgr.poolstats import PoolStats

_YOUNG = 1.0


class Stock(ClosingPool):
    """Moves connections between idle, tested, waited for and closed; each move is one call without an await.

    So the books are right at every reading, and nothing can be cancelled halfway. A connection that is in
    the books and not idle is in use: somebody has it, or a test or a reset goes on.
    """

    # Beside what SQLAlchemy's class keeps in a dictionary: past thirty names, each pool would have one of its
    # own in place of a share in that of all pools, which is a kilobyte more.
    __slots__ = (
        "_alive_at", "_breaker", "_ceiling", "_connector", "_generation", "_is_paused", "_liveness", "_max",
        "_renewed_at", "_size", "_waiters", "_was_disposed", "_why_renewed", "idle", "overlap",
    )  # fmt: skip

    # SQLAlchemy passes on only arguments that it finds as plain parameters of this signature.
    def __init__(self, creator: Any, meter: Meter, **kw: Any) -> None:
        super().__init__(creator, **kw)
        settings = meter.settings.pool
        self.meter = meter
        self.idle: list[Record] = []
        self._size, self._max = settings.size, settings.size + settings.max_overflow
        self._ceiling = self._max
        self._tasks = {}
        self._alive_at = 0.0
        self._generation = 0
        self._why_renewed = "disposed"
        self._renewed_at = -math.inf
        self._was_disposed = False
        self._is_paused = False
        self.overlap: Overlap | None = None
        """What the engines of its profile may hold together, while there are several."""
        self._waiters = Waiters()
        self._liveness = Liveness(meter, self)
        self._connector = Connector(self)
        self._breaker = build_breaker(meter, self._waiters.fail_all, self._connector.probe)

    def stats(self) -> PoolStats:
        """Return the counters as they are now; no I/O."""
        return stats.snapshot(
            self.meter,
            size=self._size,
            max=self._max,
            excess=self._excess(),
            idle=len(self.idle),
            connecting=len(self._connector),
            waiting=len(self._waiters),
            oldest_wait=self._waiters.oldest(self.meter.clock()),
            breaker=state_of(self._breaker),
            paused=self._is_paused,
        )

    def status(self) -> str:
        """Say how the pool does, as SQLAlchemy's pools do; `stats` has it in figures."""
        return str(self.stats())

    @property
    def last_error(self) -> BaseException | None:
        """Why the last connect failed; None once one succeeded since."""
        return self._connector.last_error

    def _excess(self) -> int:
        """How many more there are than may be, since the limit was lowered: these go, and none comes."""
        taken = len(self.meter.open) + len(self._connector)
        self._ceiling = max(self._max, min(self._ceiling, taken))
        return self._ceiling - self._max

    # What the connector asks ------------------------------------------------------------------------

    def wanted(self) -> int:
        """Count those who wait and no test serves, and what `min_idle` lacks; see `Needs`."""
        if self.meter.retired or self._is_paused or (self._breaker is not None and self._breaker.is_open):
            return 0
        unserved = len(self._waiters) - self._liveness.serving
        soon_idle = max(0, self._liveness.testing - len(self._waiters))
        lacking = self.meter.settings.pool.min_idle - len(self.idle) - soon_idle
        return max(0, unserved) + max(0, min(lacking, self._size - len(self.meter.open)))

    def has_waiters(self) -> bool:
        """See `Needs`."""
        return bool(self._waiters)

    def free_slots(self) -> int:
        """See `Needs`; negative while the pool shrinks."""
        own = self._max - len(self.meter.open) - len(self._connector)
        return own if self.overlap is None else min(own, self.overlap.room())

    @property
    def limit(self) -> int:
        """How many connections it may have."""
        return self._max

    def held(self) -> int:
        """Count the connections that its server may see: open, connecting, or not yet closed to the end."""
        closing = len(self._tasks) - self._liveness.testing
        return len(self.meter.open) + len(self._connector) + closing

    def alive_at(self) -> float:
        """See `Needs`."""
        return self._alive_at

    def failed(self, error: BaseException) -> None:
        """Tell the oldest waiter, or all of them when no connection is left that could come back.

        Not those who came after what the error tells of: another connect finds out for them.
        """
        came_by = as_of(error)
        self._waiters.fail(error, came_by)
        if not self.meter.open:
            self._waiters.fail_all(error, came_by)

    def counted(self, error: BaseException | None) -> None:
        """See `Needs`."""
        if self._breaker is None or self._is_paused:
            return
        if error is None:
            self._breaker.succeeded()
        else:
            self._breaker.failed(error)

    def gave_up(self, error: BaseException, failures: int) -> None:
        """See `Needs`."""
        self._waiters.fail_those_since(error, failures)

    async def open_one(self) -> None:
        """Open one connection; runs in a task of the connector's."""
        generation = self._generation
        record = await open_record(self)
        self._connector.arrived()
        record.generation = generation
        self._alive_at = record.alive_at
        self.offer(record)

    # Moves ------------------------------------------------------------------------------------------

    def offer(self, record: Record) -> None:
        """Give a live connection to the oldest waiter, else keep it; what nobody needs is closed."""
        if self.meter.retired or self._is_paused or record.generation != self._generation:
            self._discard(record, self._why_not())
        elif self._waiters.serve(record):
            pass
        elif len(self.meter.open) > self._size:
            self._discard(record, "overflow")
        else:
            self.idle.append(record)

    def _why_not(self) -> str:
        if self.meter.retired:
            return "retired"
        return "paused" if self._is_paused else self._why_renewed

    def _take_back(self, record: Record) -> None:
        """Pass on what a waiter was given that was cancelled in the same turn."""
        self.offer(record)
        self._connector.demand()

    def discard_dead(self, record: Record) -> None:
        """Close one that is dead, and trust no other unasked: what killed it may have killed them."""
        self._discard(record, "dead", dead=True)
        self._liveness.suspect()

    def bury(self, record: Record) -> None:
        """Close one that somebody waited for and that is dead, and ask all others at once."""
        now = self.meter.clock()
        if record.fresh and now - record.used_at < _YOUNG:
            # Else one login would follow the other without a pause.
            self._connector.failed(ConnectionResetError("closed by the server right after the login"), now)
        self.discard_dead(record)
        for other in [] if self._liveness.is_never else list(self.idle):
            self.check_idle(other)
        self._connector.demand()

    def check_idle(self, record: Record) -> None:
        """Ask an idle connection whether it is alive; nobody gets it meanwhile."""
        self.idle.remove(record)
        self._liveness.check(record, for_waiter=False)

    def drop_idle(self, record: Record, cause: str) -> None:
        """Close an idle connection; `refill` makes up for it."""
        self.idle.remove(record)
        self._discard(record, cause)

    def refill(self) -> None:
        """Start the connects that are needed now, for `min_idle` among others."""
        self._connector.demand()

    def _freed(self) -> None:
        if self.overlap is not None:
            self.overlap.freed()

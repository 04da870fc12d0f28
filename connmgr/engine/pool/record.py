"""One connection of a pool, with what the pool must know of it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from sqlalchemy.pool.base import _ConnectionRecord

if TYPE_CHECKING:
    from connmgr.engine.pool.closing import ClosingPool
    from connmgr.engine.pool.stacks import Stack

_OF_CONNECTION = (
    "alive_at", "dbapi_connection", "expires_at", "fresh", "generation", "link", "starttime", "used_at",
)  # fmt: skip


class Record(_ConnectionRecord):
    """SQLAlchemy's record, and our times beside it, all of the pool's clock.

    It connects when it is made. `link` is the driver's own connection. `used_at` is the end of its last
    use, `alive_at` when it was last known to be alive. `asked_at`, `taken_at`, `task` and `stack` say who
    has it; `cause` says why it is being closed, and with `dead` that happens without a word to its server.
    """

    __slots__ = (
        "alive_at",
        "asked_at",
        "cause",
        "dead",
        "expires_at",
        "generation",
        "is_stale",
        "link",
        "pool",
        "stack",
        "taken_at",
        "task",
        "used_at",
        "was_reported",
    )

    link: Any
    asked_at: float
    expires_at: float
    generation: int
    used_at: float
    alive_at: float

    def __init__(self, pool: ClosingPool) -> None:
        self.pool = pool
        self.taken_at = 0.0
        self.task: asyncio.Task[Any] | None = None
        self.stack: Stack | None = None
        self.was_reported = self.is_stale = False
        self.cause = "error"
        self.dead = False
        super().__init__(pool, connect=False)
        self._connect()

    def _connect(self) -> None:
        """Connect, and tell the listeners; a connection that one of them fails on is closed.

        SQLAlchemy's own way makes the pool a collection for listeners, a kilobyte, though it has none.
        """
        pool, listeners = self.pool, self.pool.dispatch
        self.starttime = time.time()
        self.dbapi_connection = connection = pool._invoke_creator(self)
        self.fresh = True
        pool.logger.debug("Created new connection %r", connection)
        try:
            if listeners.first_connect:
                listeners.first_connect.for_modify(listeners).exec_once_unless_exception(connection, self)
            if listeners.connect:
                listeners.connect(connection, self)
        except BaseException:
            pool._close_connection(connection, terminate=True)
            raise

    def take(self, now: float, asked_at: float) -> None:
        """Note who checks it out. Their task is what on-call people look for first."""
        self.asked_at = asked_at
        self.taken_at = now
        self.task = asyncio.current_task()

    def give_back(self) -> None:
        """Forget who had it."""
        self.taken_at = 0.0
        self.task = None
        self.stack = None
        self.was_reported = False

    @property
    def is_out(self) -> bool:
        """Whether somebody has it; not while it is tested."""
        return self.taken_at > 0.0

    def invalidate(self, e: BaseException | None = None, soft: bool = False) -> None:
        """Close it for SQLAlchemy or its user; `soft` leaves that to the pool, when it comes back."""
        # Before all else: a listener that raises keeps SQLAlchemy from closing it.
        self.is_stale = True
        super().invalidate(e, soft)

    def get_connection(self) -> Any:
        """Return the connection; where a listener found it wanting, another one of the pool's.

        SQLAlchemy would open one, past the limit and past every deadline of the pool's.
        """
        if self.dbapi_connection is None:
            self._become(self.pool.another(self))
        return self.dbapi_connection

    def _become(self, other: Record) -> None:
        """Take the connection of a record that nobody else has, with all that is known about it."""
        for name in _OF_CONNECTION:
            setattr(self, name, getattr(other, name))
        vars(self).clear()
        vars(self).update(vars(other))  # where SQLAlchemy keeps `info`
        self.is_stale = False
        self.pool.meter.open[id(self.dbapi_connection)] = self

"""One connection of a pool, with what the pool must know of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from sqlalchemy.pool.base import _ConnectionRecord
from sqlalchemy.util import await_only

if TYPE_CHECKING:
    from connmgr.engine.pool.closing import ClosingPool
    from connmgr.engine.pool.stacks import Stack


class Record(_ConnectionRecord):
    """SQLAlchemy's record, and our times beside it, all of the pool's clock.

    It connects when it is made. `link` is the driver's own connection. `used_at` is the end of its last
    use, `alive_at` when it was last known to be alive. `taken_at`, `task` and `stack` say who has it;
    `cause` says why it is being closed, and with `dead` that happens without a word to its server.
    """

    __slots__ = (
        "alive_at",
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
        try:
            super().__init__(pool)
        except BaseException:
            if self.dbapi_connection is not None:
                # SQLAlchemy 2.0 leaves it open when its first questions fail or are cancelled.
                pool._close_connection(self.dbapi_connection, terminate=True)
            raise

    def take(self, now: float) -> None:
        """Note who checks it out. Their task is what on-call people look for first."""
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
        """Return the connection; where a listener found it wanting, a new one, which is in the books too."""
        if self.dbapi_connection is None:
            await_only(self.pool.reopen(self))
        return self.dbapi_connection

    def connect(self) -> None:
        """Make a new connection in the place of one that was lost."""
        super().get_connection()

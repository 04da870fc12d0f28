"""One connection of a pool, with what the pool must know of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from sqlalchemy.pool.base import _ConnectionRecord

if TYPE_CHECKING:
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

    def __init__(self, pool: Any) -> None:
        self.taken_at = 0.0
        self.task: asyncio.Task[Any] | None = None
        self.stack: Stack | None = None
        self.was_reported = self.is_stale = False
        self.cause = "error"
        self.dead = False
        super().__init__(pool)

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
        self.is_stale |= soft
        super().invalidate(e, soft)

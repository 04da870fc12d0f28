"""Opens connections in the background: a few at a time, more gently after a failure."""

from __future__ import annotations

import asyncio
import contextlib
from contextvars import Context
from typing import Protocol

from connmgr.engine import backoff
from connmgr.engine.failures import classify
from connmgr.engine.pool.meter import Meter

HANGS = 0.25
"""Seconds after which a connect counts as hanging, if nothing else came from its server meanwhile.

A lost first packet is sent again after one second, then three, then seven: whoever waits for that
waits although the server may long be back. A fresh attempt finds it at once. Once the pool has connected,
it is four times what that took, and this at most.
"""

_HANGS_SOONEST = 0.05
_PATIENCE = 4


class Needs(Protocol):
    """What the connector must know of its pool, and whom it tells."""

    meter: Meter

    def wanted(self) -> int:
        """How many connects would find a use now, whether anybody waits for them or not."""
        ...

    def has_waiters(self) -> bool:
        """Whether somebody waits for a connection now."""
        ...

    def free_slots(self) -> int:
        """How many connections may be opened beside those that are open or connecting."""
        ...

    def alive_at(self) -> float:
        """When a connection last came back, or was made, by the pool's clock."""
        ...

    def failed(self, error: BaseException) -> None:
        """Take note of a failure that will not pass by itself; those who wait must hear of it."""
        ...

    def counted(self, error: BaseException | None) -> None:
        """Take note of how a connect ended, for the breaker; None for a success."""
        ...

    def gave_up(self, error: BaseException, failures: int) -> None:
        """Take note that whoever queued up when no more than so many connects had failed has seen enough."""
        ...

    async def open_one(self) -> None:
        """Open one connection and give it to whoever needs it."""
        ...


class Connector:
    """The connects of one pool.

    After a failure one at a time tries again, at growing pauses that all callers share. Only beside one
    that hangs may a newcomer start a fresh attempt, up to `pool.connecting_limit`; at the limit it takes
    the place of the youngest that hangs. The oldest is never given up, or a server that is merely slow
    would never be reached. A newcomer that comes too early to tell has its attempt as soon as those under
    way hang.
    """

    __slots__ = (
        "_attempts", "_failing_since", "_hangs", "_idle_retry_at", "_look", "_needs", "_owes",
        "_pressed_since", "_retry_at", "_timer", "failures", "last_error",
    )  # fmt: skip

    def __init__(self, needs: Needs) -> None:
        self._needs = needs
        self._attempts: dict[asyncio.Task[None], float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._look: asyncio.TimerHandle | None = None
        self._owes = False
        self._hangs = HANGS
        self._retry_at = self._idle_retry_at = 0.0
        self._failing_since: float | None = None
        self._pressed_since: float | None = None
        self.last_error: BaseException | None = None
        """Why the last connect failed; None once one succeeded since."""
        self.failures = 0
        """How many connects have failed so far."""

    def __len__(self) -> int:
        return len(self._attempts)

    def demand(self, *, newcomer: bool = False) -> None:
        """Start the connects that the pool needs now; `newcomer` says that someone has just queued up."""
        now = self._needs.meter.clock()
        self._owes = (self._owes or newcomer) and self._needs.has_waiters()
        while self._is_needed(now) and self._has_room(now):
            self._start(now)
        if self._owes:
            self._look_when_they_hang(now)

    def _is_needed(self, now: float) -> bool:
        """Whether one more would be used beside those under way; a newcomer does not count on what hangs."""
        at_work = len(self._attempts) - (len(self._hanging(now)) if self._owes else 0)
        if self._needs.wanted() <= at_work:
            return False
        if self._failing_since is None:
            return True
        due = self._retry_at if self._needs.has_waiters() else self._idle_retry_at
        return at_work == 0 and now >= due

    def _has_room(self, now: float) -> bool:
        """Whether one more may start, once a newcomer has taken the place of one that hangs."""
        is_full = (
            len(self._attempts) >= self._needs.meter.settings.pool.connecting_limit
            or self._needs.free_slots() <= 0
        )
        if is_full and self._owes:
            replaceable = self._hanging(now)[1:]
            if replaceable:
                task = replaceable[-1]
                del self._attempts[task]
                task.cancel()
                return True
        return not is_full

    def _hanging(self, now: float) -> list[asyncio.Task[None]]:
        """Return the attempts that hang, the oldest first."""
        alive_at = self._needs.alive_at()
        oldest = now - self._hangs
        return [task for task, begun in self._attempts.items() if begun <= oldest and alive_at < begun]

    def _look_when_they_hang(self, now: float) -> None:
        """Ask again for a newcomer that has no attempt yet, once the youngest under way may hang."""
        if self._look is None and self._attempts:
            since = max(self._attempts.values())
            left = since + self._hangs - now
            if left > 0:
                self._look = asyncio.get_running_loop().call_later(left, self._look_again)

    def _look_again(self) -> None:
        self._look = None
        self.demand()

    def probe(self) -> None:
        """Start one connect whoever needs it, unless one is under way that will tell as much."""
        if not self._attempts:
            self._start(self._needs.meter.clock())

    def _start(self, now: float) -> None:
        # In a context of its own: a connect belongs to no caller's trace or request.
        task = asyncio.get_running_loop().create_task(self._needs.open_one(), context=Context())
        self._attempts[task] = now
        self._owes = False
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Take stock of an attempt; one that was given up says nothing about its server."""
        begun = self._attempts.pop(task, None)
        error = None if task.cancelled() else task.exception()
        if error is not None and begun is not None:
            self.failed(error, begun)
        self.demand()

    def arrived(self) -> None:
        """Take note of a success, and count the current task no longer: its connection is open, and would be
        in the books twice until the task has ended.
        """
        begun = self._attempts.pop(asyncio.current_task(), None)  # type: ignore[arg-type] # None is no key
        if begun is not None:
            usual = self._needs.meter.clock() - begun
            self._hangs = min(HANGS, max(_HANGS_SOONEST, _PATIENCE * usual))
        self._failing_since = self._pressed_since = self.last_error = None
        self._needs.counted(None)

    def failed(self, error: BaseException, begun: float) -> None:
        """Take note of a failed attempt. The pause before the next counts from its beginning: one that ran
        into its time-out was pause enough, and whoever comes when the network is back need not sit it out.
        """
        now = self._needs.meter.clock()
        self._failing_since = self._failing_since or now
        self._pressed_since = self._pressed_since or now
        self.last_error = error
        self._idle_retry_at = now + backoff.idle_pause(now - self._failing_since)
        pause = max(
            0.0,
            begun
            + backoff.connect_pause(now - self._pressed_since, self._needs.meter.settings.retry.connect)
            - now,
        )
        self._retry_at = now + pause
        self.failures += 1
        self._needs.counted(error)
        if not classify(error).retry_connect:
            self._needs.failed(error)
        elif (attempts := self._needs.meter.settings.retry.connect.attempts) is not None:
            self._needs.gave_up(error, self.failures - attempts)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(pause, self._try_again)

    def _try_again(self) -> None:
        self._timer = None
        # The event loop may be a moment early by the pool's clock, and nobody would ask again.
        self._retry_at = 0.0
        if not self._needs.has_waiters():
            # Whoever comes next comes to a new outage as far as anybody knows.
            self._pressed_since = None
        self.demand()

    async def stop(self) -> None:
        """Give up what is under way and wait until it has ended; nothing of it stays open."""
        if self._look is not None:
            self._look.cancel()
            self._look = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            # Nobody else would wake those who wait for the next try.
            self._retry_at = 0.0
        tasks, self._attempts = list(self._attempts), {}
        for task in tasks:
            task.cancel()
        if tasks:
            with contextlib.suppress(Exception):
                await asyncio.wait(tasks)

"""Tells live connections from dead ones, as cheaply as can be had."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Coroutine
from enum import Enum
from typing import Any, Protocol

from connmgr.engine.pool.meter import Meter
from connmgr.engine.pool.record import Record

_ALWAYS, _NEVER = -1.0, math.inf
_LAST_WORD = 0.05


class Verdict(Enum):
    """What becomes of an idle connection; the value of one that is to be closed says why."""

    READY = "ready"
    DUE = "due"
    DEAD = "dead"
    IDLE = "idle"
    INVALIDATED = "invalidated"


class Testing(Protocol):
    """What the tests must know of their pool, and whom they tell."""

    idle: list[Record]

    def spawn(self, work: Coroutine[Any, Any, None]) -> object:
        """Run a test in a task that the pool owns."""
        ...

    def offer(self, record: Record) -> None:
        """Take a connection that is alive."""
        ...

    def counted(self, error: BaseException | None) -> None:
        """Hear that the server answers."""
        ...

    def bury(self, record: Record) -> None:
        """Take one that is dead."""
        ...


class Liveness:
    """Tests idle connections before they are handed out.

    A socket that is known to be closed is found for free. One that was alive within
    `pool.liveness_window` is trusted (HikariCP's `aliveBypassWindowMs`); another is asked, and dead when
    it has not answered after `pool.liveness_timeout`. A death makes all the others suspects: they are
    asked whatever the window, because what killed one, a restart or a firewall, has mostly killed them too.
    """

    __slots__ = ("_longest", "_meter", "_pool", "_suspect_at", "_window", "serving", "testing")

    def __init__(self, meter: Meter, pool: Testing) -> None:
        self._meter = meter
        self._pool = pool
        self._suspect_at = -math.inf
        self.serving = self.testing = 0
        """How many are asked right now for somebody who waits, and how many in all."""
        self.adopt()

    def adopt(self) -> None:
        """Go on with the meter's settings."""
        settings = self._meter.settings.pool
        self._window = {"always": _ALWAYS, "never": _NEVER}.get(settings.pre_ping, settings.liveness_window)
        self._longest = math.inf if settings.idle_timeout is None else settings.idle_timeout

    @property
    def is_always(self) -> bool:
        """Whether each one is asked, however lately it was used."""
        return self._window == _ALWAYS

    @property
    def is_never(self) -> bool:
        """Whether none is asked, whatever happened."""
        return self._window == _NEVER

    def judge(self, record: Record, now: float) -> Verdict:
        """Say what becomes of a connection that was taken out of the idle for somebody; no I/O."""
        meter = self._meter
        if meter.driver.is_closed(record.link):
            return Verdict.DEAD
        if record.is_stale:
            return Verdict.INVALIDATED
        if now - record.used_at > self._longest and len(self._pool.idle) >= meter.settings.pool.min_idle:
            return Verdict.IDLE
        if now - record.alive_at > self._window or record.alive_at <= self._suspect_at:
            return Verdict.DUE
        meter.liveness_skipped += 1
        return Verdict.READY

    def suspect(self) -> None:
        """Trust no connection that was last seen alive before now, unless `pre_ping` is never."""
        if not self.is_never:
            self._suspect_at = self._meter.clock()

    def check(self, record: Record, *, for_waiter: bool) -> None:
        """Ask a connection in a task of the pool's, and tell the pool how it is.

        Only a test that was started for a waiter holds up the connect that would serve it: a suspect is
        more likely dead than alive.
        """
        self.serving += for_waiter
        self.testing += 1
        self._pool.spawn(self._check(record, for_waiter=for_waiter))

    async def _check(self, record: Record, *, for_waiter: bool) -> None:
        meter = self._meter
        meter.liveness_pinged += 1
        is_alive = await self._answers(record.link)
        self.serving -= for_waiter
        self.testing -= 1
        if is_alive:
            record.alive_at = meter.clock()
            self._pool.counted(None)
            self._pool.offer(record)
        else:
            meter.liveness_failed += 1
            self._pool.bury(record)

    async def _answers(self, connection: Any) -> bool:
        """Ask, and do not wait longer than the limit.

        One that is late is closed, not cancelled: cancelled, asyncpg asks the server on yet another
        connection to stop, which may hang as well.
        """
        question = asyncio.ensure_future(self._meter.driver.ping(connection))
        try:
            await asyncio.wait({question}, timeout=self._meter.settings.pool.liveness_timeout)
            if not question.done():
                self._meter.driver.terminate(connection)
                await asyncio.wait({question}, timeout=_LAST_WORD)
                return False
            return question.exception() is None
        finally:
            question.cancel()
            with contextlib.suppress(asyncio.InvalidStateError, asyncio.CancelledError):
                question.exception()

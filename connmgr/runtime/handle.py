"""One engine in service, with its leases: built at first use, retired once, never used after that."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import cast

from sqlalchemy.ext.asyncio import AsyncEngine

from connmgr import logs
from connmgr.engine.cleanup import finish
from connmgr.engine.drivers import build_driver
from connmgr.engine.factory import build_engine
from connmgr.engine.failures import classify
from connmgr.engine.pool import (
    ConnectionPerCheckout,
    Meter,
    ProfilePool,
    holders,
    housekeep,
    without_transactions,
)
from connmgr.errors import CircuitOpen, ConnmgrError
from connmgr.failure import Failure, FailureKind
from connmgr.observer import Observer
from connmgr.poolstats import PoolStats
from connmgr.report import Holder
from connmgr.runtime.budget import RetryBudget
from connmgr.runtime.leases import Lease, Leases
from connmgr.runtime.waiting import wait_for
from connmgr.settings import Settings

NOTE = "connmgr: profile "


class Handle:
    """Owns one profile's engine, driver and meter."""

    __slots__ = ("_autocommit_engine", "_budget", "_leases", "driver", "engine", "settings")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.driver = build_driver(settings)
        self.engine = build_engine(Meter(settings, self.driver))
        self._autocommit_engine: AsyncEngine | None = None
        self._leases = Leases()
        self._budget: RetryBudget | None = None

    @property
    def pool(self) -> ProfilePool | ConnectionPerCheckout:
        """The engine's pool."""
        return cast("ProfilePool | ConnectionPerCheckout", self.engine.pool)

    @property
    def meter(self) -> Meter:
        """The pool's meter; `Engine.dispose(close=False)` begins another pool, with a meter of its own."""
        return self.pool.meter

    @property
    def name(self) -> str:
        """The profile's name."""
        return self.settings.name

    @property
    def autocommit_engine(self) -> AsyncEngine:
        """A view of the engine, on the same pool, whose statements have no transaction around them."""
        if self._autocommit_engine is None:
            self._autocommit_engine = without_transactions(self.engine)
        return self._autocommit_engine

    @property
    def budget(self) -> RetryBudget:
        """What `run` may repeat."""
        if self._budget is None:
            self._budget = RetryBudget(self.settings.retry.transaction.budget)
        return self._budget

    def engine_for(self, *, autocommit: bool | None) -> AsyncEngine:
        """Return the engine with autocommit or without; None stands for what the profile says."""
        if autocommit is None:
            autocommit = self.settings.session.autocommit
        return self.autocommit_engine if autocommit else self.engine

    def lease(self) -> Lease:
        """Take a lease. No await may stand between finding the handle and this call, or the engine
        could retire in between.
        """
        return self._leases.take()

    def stats(self) -> PoolStats:
        """Return the pool's counters, and how often `run` began again; no I/O."""
        stats = self.pool.stats()
        return replace(stats, retries=self._budget.retries) if self._budget is not None else stats

    def observe(self, observer: Observer | None) -> None:
        """Tell `observer` from now on what the pool does."""
        self.meter.observer = observer

    @property
    def observer(self) -> Observer | None:
        """Who is told."""
        return self.meter.observer

    def holders(self) -> tuple[Holder, ...]:
        """Say who has a connection now, the longest first."""
        return holders(self.meter)

    def housekeep(self) -> None:
        """Do what is due by the clock."""
        housekeep(self.pool)

    def classify(self, error: BaseException) -> Failure:
        """Classify an error, this profile's secrets masked."""
        return classify(error, self.driver.secrets)

    def annotate(self, error: BaseException, *, logs_it: bool = True) -> None:
        """Log an error of a caller's block once and note the profile and the counters on it.

        Cancellation and the like are not errors: they pass untouched. Never raises: an exception that
        takes no note must still reach the caller, and its session must still be closed.
        """
        # An open breaker has told of itself once; its refusals are many, and say all that there is to say.
        if isinstance(error, Exception) and not isinstance(error, CircuitOpen):
            with contextlib.suppress(Exception):
                self._annotate(error, logs_it=logs_it)

    def _annotate(self, error: Exception, *, logs_it: bool) -> None:
        notes = [note for note in getattr(error, "__notes__", ()) if note.startswith(NOTE)]
        note, stats, failure = f"{NOTE}{self.name!r}", self.stats(), self.classify(error)
        if not any(earlier.startswith(note) for earlier in notes):
            advice = list(self._advice(error))
            if not notes and _says_more(failure, error, advice):
                error.add_note(f"connmgr: {failure.kind.value}: {failure.hint}")
            error.add_note(f"{note}, pool: {stats}")
            for each in advice:
                error.add_note(each)
        if logs_it and not notes:
            self.log_failure(error)

    def log_failure(self, error: Exception) -> None:
        """Log an error that a caller gets to see."""
        failure = self.classify(error)
        logs.event(
            "ERROR",
            f"profile {self.name!r}: failed and rolled back: {failure.type} ({failure.kind.value})",
            profile=self.name,
            error=failure.type,
            kind=failure.kind.value,
            sqlstate=failure.sqlstate,
            pool=str(self.stats()),
        )

    def _advice(self, error: Exception) -> Iterator[str]:
        """Yield what was noted on the errors that this one wraps, where a traceback would not show it."""
        limit = self.settings.timeouts.command
        if isinstance(error, TimeoutError) and not str(error) and limit is not None:
            yield f"connmgr: timeouts.command allows each statement {limit:g} s"
        below = getattr(error, "orig", None)
        while below is not None:
            yield from (note for note in getattr(below, "__notes__", ()) if note.startswith("connmgr"))
            below = below.__cause__

    def adopt(self, settings: Settings, *, renews: bool) -> None:
        """Go on with settings that need no other engine; `renews` says that connections depend on them.

        Such connections are replaced: idle ones now, those in use when they come back.
        """
        self.settings = settings
        if self._budget is not None:
            self._budget.ratio = settings.retry.transaction.budget
        self.driver.adopt(settings)
        self.meter.adopt(settings)
        self.pool.adopt()
        if renews:
            self.pool.replace_all("reloaded")

    async def retire(self, grace: float) -> tuple[Holder, ...]:
        """Wait up to `grace` seconds for all work, then close everything; return who was cut off.

        Holders of a lease go on checking connections out while they are waited for. When the last lease has
        ended, only what is out without one is waited for. Whoever is left at the end finds its connection
        closed and gets EngineRetired for a new one.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + grace
        try:
            await self._leases.end(grace)
            self.pool.retire()
            await wait_for(lambda: not self.holders(), end - loop.time())
        finally:
            # Also when the wait is cancelled: whoever gives up on the grace wants it closed now.
            stragglers = self.stragglers()
            await self._close()
            self._report(stragglers)
        return stragglers

    def stragglers(self) -> tuple[Holder, ...]:
        """Say who holds a lease, and who a connection without one."""
        leases = self._leases.holders(self.name)
        tasks = {lease.task for lease in leases}
        return (*leases, *(holder for holder in self.holders() if holder.task not in tasks))

    async def _close_connections(self) -> None:
        # The pool first: it takes what is idle out of the books, so that the other closes what is in use.
        await asyncio.gather(self.engine.dispose(), self.meter.close_all())

    def _report(self, holders: tuple[Holder, ...]) -> None:
        for task, held_for in ((holder.task, holder.held_for) for holder in holders):
            logs.event(
                "WARNING",
                f"profile {self.name!r}: closed under task {task!r}, which held it for {held_for:.1f} s",
                profile=self.name,
                task=task,
                held_for=held_for,
            )

    async def _close(self) -> None:
        self.pool.retire()
        try:
            # Together: each takes up to `timeouts.close` when the server is gone.
            await finish(self._close_connections(), self.meter.closing, self.meter.terminate_all)
        finally:
            self.meter.terminate_all()
            await self.driver.close()


def _says_more(failure: Failure, error: Exception, advice: Iterable[str]) -> bool:
    """Whether the kind and its hint are news beside the error's own message and what was noted on it."""
    is_told = isinstance(error, ConnmgrError) or any(failure.hint in each for each in advice)
    return failure.kind is not FailureKind.UNKNOWN and not is_told

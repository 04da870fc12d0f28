"""The registry: named profiles in; engines, sessions and health reports out by name."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import nullcontext
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from connmgr.engine.failures import classify
from connmgr.errors import ConfigError, ProfileRemoved
from connmgr.following import FollowingProfiles
from connmgr.report import HealthHistory, HealthReport, Holder, Status
from connmgr.runtime.connection import ConnectionScope
from connmgr.runtime.run import run
from connmgr.runtime.session import ManagedSession

T = TypeVar("T")


class Registry(FollowingProfiles):
    """Profiles by name, and, while open, one engine for each profile in use.

    Open it with `async with registry:` or `open()`; what it opened belongs to that event loop, and
    `close()` ends it all. A closed registry may be opened again, also in another loop. What a profile
    refers to and cannot be resolved at its first use fails that profile alone.
    """

    # A registry owns engines: one that has equal profiles is still another.
    __eq__, __hash__ = object.__eq__, object.__hash__

    def __repr__(self) -> str:
        state = "open" if self._owner.is_open else "closed"
        return f"<Registry {state}: {', '.join(self._profiles) or 'no profiles'}>"

    def session(self, name: str, *, autocommit: bool | None = None) -> ManagedSession:
        """Return a session of the profile, for `async with`. The caller commits.

        With `autocommit`, or where the profile says `session.autocommit`, no transaction is begun: one
        round trip for a statement in place of three. Each statement stays as soon as it has run, sees the
        database of its own moment, and keeps its locks no longer; nothing can be rolled back.

        An error in the block rolls back, is logged once and passes through unchanged with a note that
        carries the profile and the pool's counters. Leaving the block always closes the session, at most
        `timeouts.close` after a server that is gone stops answering.

        Raises:
            RegistryClosed, WrongEventLoop, UnknownProfile, ConfigError: at once.
            PoolTimeout: at the first statement, when no connection became free within `pool.timeout`.
        """
        return ManagedSession(self._handle(name), autocommit=autocommit)

    def begin(self, name: str, *, autocommit: bool | None = None) -> ManagedSession:
        """Return a session that commits when its `async with` block ends without an error.

        Raises:
            ConnmgrError: at once, when `autocommit` leaves no transaction to commit.
        """
        return ManagedSession(self._handle(name), commits=True, autocommit=autocommit)

    async def run(
        self,
        name: str,
        work: Callable[[AsyncSession], Awaitable[T]],
        *,
        confirm: Callable[[AsyncSession], Awaitable[bool]] | None = None,
    ) -> T:
        """Run `work` in a transaction of a fresh session and return what it returned; see docs/failures.md.

        A transaction that failed in a way that makes it safe is run again from its beginning, as
        `retry.transaction` says: so `work` may be called more than once, and does not commit by itself.
        `confirm` looks, in a session of its own, whether a transaction stands whose COMMIT was not answered.

        Raises:
            CommitOutcomeUnknown: the connection was lost while the answer to COMMIT was due.
            CommitInRun: `work` committed.
            Exception: what `work` or the database raised last, with a note of how often it was tried.
        """
        with nullcontext() if self._observer is None else self._observer.running(name):
            return await run(self._handle(name), work, confirm)

    def connect(self, name: str, *, autocommit: bool | None = None) -> ConnectionScope:
        """Return a Core connection of the profile, for `async with`. The caller commits."""
        return ConnectionScope(self._handle(name), autocommit=autocommit)

    def sessionmaker(self, name: str, *, autocommit: bool | None = None) -> Callable[[], ManagedSession]:
        """Return a callable that does `session(name)`; may be made before the registry is open."""
        self[name]
        return functools.partial(self.session, name, autocommit=autocommit)

    def dependency(
        self, name: str, *, autocommit: bool | None = None
    ) -> Callable[[], AsyncIterator[AsyncSession]]:
        """Return `session(name)` as an async generator function, for FastAPI's `Depends`."""
        self[name]

        async def session() -> AsyncIterator[AsyncSession]:
            async with self.session(name, autocommit=autocommit) as opened:
                yield opened

        return session

    def engine(self, name: str) -> AsyncEngine:
        """Return the profile's engine, not leased: for tools that want one. It is retired on close."""
        return self._handle(name).engine

    def holders(self, name: str) -> tuple[Holder, ...]:
        """Say who has a connection of the profile now, the longest first; with the lines that checked it
        out where `pool.leak_detection_threshold` is set.
        """
        self[name]
        return tuple(holder for handle in self._engines.all_of(name) for holder in handle.holders())

    async def health(
        self, name: str, *, max_age: float | None = None, integrity: float | None = None
    ) -> HealthReport:
        """Check one profile within its `health.timeout`. Never raises for a database that is down.

        Profiles that name the same database as the same user share one check, and its answer serves for
        `health.ttl`, or for `max_age` seconds; the pool's counters are of now. With `integrity`, a SQLite
        database is read whole, which may take so many seconds more. A profile whose settings cannot be
        resolved is unhealthy with the reason `misconfigured`.
        """
        self._owner.check()
        loop = asyncio.get_running_loop()
        self[name]
        begun, spent = loop.time(), 0.0
        while True:
            try:
                handle = self._in_service(name)
            except ConfigError as error:
                return self._health.misconfigured(self[name], classify(error))
            state = self._engines.state(name)
            if state == "paused":
                return self._health.paused(handle)
            report = await self._health.check(handle, max_age, integrity, state=state, spent=spent)
            if report is not None:
                return report
            if name not in self or not self.is_open:
                return self._health.left(handle)
            # A reload, or an operator, had the profile begin anew: what was found was of before.
            spent = loop.time() - begun

    async def health_all(self, *, max_age: float | None = None) -> dict[str, HealthReport]:
        """Check every profile at once; a slow one does not delay the others' answers."""
        self._owner.check()
        names = tuple(self)
        found = await asyncio.gather(*(self._health_unless_removed(name, max_age) for name in names))
        return {name: report for name, report in zip(names, found, strict=True) if report is not None}

    async def _health_unless_removed(self, name: str, max_age: float | None) -> HealthReport | None:
        try:
            return await self.health(name, max_age=max_age)
        except ProfileRemoved:
            return None  # between the question and its turn

    def is_stuck(self, name: str) -> bool:
        """Whether the pool is full and nothing has come back to it for `health.stuck_after`, at several
        readings of its counters, of which this is one; no I/O. One that an operator paused or disabled is
        not: after a restart it would not be that any more.
        """
        self[name]
        handle = self._engines.get(name)
        is_stuck = handle is not None and self._health.read_pool(handle)
        return is_stuck and self._engines.state(name) == "active"

    def health_history(self, name: str) -> HealthHistory:
        """Return a profile's last results and changes of status, since the registry was opened; no I/O."""
        self[name]
        return self._health.history(name)

    def last_health(self) -> dict[str, HealthReport]:
        """Return the last report of each profile that has one; no I/O, from any thread."""
        return self._owner.call(self._health.latest)

    async def is_healthy(self, name: str) -> bool:
        """Whether the profile's database answers; a full pool still counts as healthy."""
        return (await self.health(name)).status is not Status.UNHEALTHY

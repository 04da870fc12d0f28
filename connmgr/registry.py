"""The registry: named profiles in; engines, sessions and health reports out by name."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import nullcontext
from typing import Self, TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from connmgr.engine.failures import classify
from connmgr.engine.pool.stats import empty as empty_stats
from connmgr.engine.protection import is_refused, refuse_in_tests
from connmgr.errors import ConfigError
from connmgr.loaded import LoadedProfiles
from connmgr.observer import Observer
from connmgr.poolstats import PoolStats
from connmgr.profile import Profile
from connmgr.report import HealthReport, Holder, Status
from connmgr.runtime.connection import ConnectionScope
from connmgr.runtime.handle import Handle
from connmgr.runtime.health import Monitor, misconfigured
from connmgr.runtime.housekeeping import Housekeeper
from connmgr.runtime.ownership import Ownership
from connmgr.runtime.run import run
from connmgr.runtime.session import ManagedSession
from connmgr.runtime.shutdown import shut_down
from connmgr.runtime.startup import start_up

T = TypeVar("T")

GRACE = 10.0
"""Seconds that closing waits for sessions that are out."""


class Registry(LoadedProfiles):
    """Profiles by name, and, while open, one engine for each profile in use.

    Open it with `async with registry:` or `open()`; what it opened belongs to that event loop, and
    `close()` ends it all. A closed registry may be opened again, also in another loop. What a profile
    refers to and cannot be resolved at its first use fails that profile alone.
    """

    def __init__(self, profiles: Mapping[str, Profile], *, environ: Mapping[str, str] | None = None) -> None:
        super().__init__(profiles, environ=environ)
        self._handles: dict[str, Handle] = {}
        self._monitors: dict[str, Monitor] = {}
        self._owner = Ownership()
        self._closing = asyncio.Lock()
        self._observer: Observer | None = None

    # A registry owns engines: one that has equal profiles is still another.
    __eq__, __hash__ = object.__eq__, object.__hash__

    def __repr__(self) -> str:
        state = "open" if self._owner.is_open else "closed"
        return f"<Registry {state}: {', '.join(self._profiles) or 'no profiles'}>"

    async def __aenter__(self) -> Self:
        self.open()
        try:
            await self.start()
        except BaseException:
            await self.close(grace=0)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def open(self) -> None:
        """Put the registry in service in the running event loop. Engines are built at first use.

        Raises:
            WrongEventLoop: it is open in another loop of this process that still runs.
            ConnmgrError: it is open already, or there is no running loop.
        """
        if self._owner.was_inherited():
            # Kept and never used: collecting them would close what the parent process works with.
            self._inherited = (self._handles, self._monitors)
        self._owner.take()
        self._handles, self._monitors = {}, {}
        self._closing = asyncio.Lock()
        self._housekeeper = Housekeeper(lambda: self._handles.values())
        self._housekeeper.start()

    async def start(self) -> None:
        """Connect the profiles whose `startup` is `warn` or `fail`; `async with` does so as it opens. Those
        that are protected are left alone where tests run: nobody there can have them.

        Raises:
            StartupFailed: a profile with `startup: fail` could not be reached in `timeouts.startup`.
            ConfigError: its settings cannot be had.
        """
        eager = [name for name, profile in self.items() if profile.values.get("startup", "lazy") != "lazy"]
        wanted = [self.settings(name) for name in eager if self.settings(name).startup != "lazy"]
        await start_up(self._handle(each.name) for each in wanted if not is_refused(each))

    async def close(self, grace: float = GRACE) -> tuple[Holder, ...]:
        """Refuse new work, wait up to `grace` seconds for what is out, then close everything.

        Sessions and connections that are still out then are closed under their holders, who get the
        driver's error at their next statement; they are logged and returned. Cancelled, it stops
        waiting and closes at once. Closing a closed registry does nothing.
        """
        if not self._owner.is_open and not self._closing.locked():
            return ()
        self._owner.give_up()
        # Taken before the wait for another close: a registry opened again meanwhile has new ones.
        handles, self._handles = self._handles, {}
        monitors, self._monitors = self._monitors, {}
        housekeeper = self._housekeeper
        async with self._closing:
            try:
                return await shut_down(monitors.values(), handles.values(), grace)
            finally:
                await housekeeper.stop()

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
            return await run(lambda: self.begin(name), work, confirm)

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

    def stats(self, name: str) -> PoolStats:
        """Return the pool's counters, all zero for a profile that is not in use; no I/O."""
        if name in self._handles:
            return self._handles[name].stats()
        return empty_stats(self.settings(name).pool)

    def stats_all(self) -> dict[str, PoolStats]:
        """Return the counters of each profile in use, of one moment; may be called from any thread."""
        return self._owner.call(lambda: {name: each.stats() for name, each in self._handles.items()})

    def observe(self, observer: Observer | None) -> None:
        """Tell `observer` what happens in all profiles from now on, in place of whoever was told before."""
        self._observer = observer
        for handle in self._handles.values():
            handle.observe(observer)

    def holders(self, name: str) -> tuple[Holder, ...]:
        """Say who has a connection of the profile now, the longest first; with the lines that checked it
        out where `pool.leak_detection_threshold` is set.
        """
        self[name]
        return self._handles[name].holders() if name in self._handles else ()

    async def health(self, name: str) -> HealthReport:
        """Check one profile within its `health.timeout`. Never raises for a database that is down.

        A profile whose settings cannot be resolved is unhealthy with the reason `misconfigured`.
        """
        self._owner.check()
        profile = self[name]
        try:
            monitor = self._monitor(name)
        except ConfigError as error:
            return misconfigured(profile, classify(error))
        return await monitor.check()

    async def health_all(self) -> dict[str, HealthReport]:
        """Check every profile at once; a slow one does not delay the others' answers."""
        self._owner.check()
        reports = await asyncio.gather(*(self.health(name) for name in self))
        return dict(zip(self, reports, strict=True))

    def last_health(self) -> dict[str, HealthReport]:
        """Return the last report of each profile that has one; no I/O, from any thread."""
        return {}

    async def is_healthy(self, name: str) -> bool:
        """Whether the profile's database answers; a full pool still counts as healthy."""
        return (await self.health(name)).status is not Status.UNHEALTHY

    def _handle(self, name: str) -> Handle:
        """Return the profile's engine in service, building it at first use. No await may be added: the
        caller's lease must follow before anything else can retire the handle.
        """
        handle = self._in_service(name)
        # Here as well as in the pool: nobody gets so far as to hold a session or an engine.
        refuse_in_tests(handle.settings)
        return handle

    def _in_service(self, name: str) -> Handle:
        self._owner.check()
        handle = self._handles.get(name)
        if handle is None:
            handle = self._handles[name] = Handle(self.settings(name), self._observer)
        return handle

    def _monitor(self, name: str) -> Monitor:
        if name not in self._monitors:
            self._monitors[name] = Monitor(self._in_service(name))
        return self._monitors[name]

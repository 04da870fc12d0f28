"""The registry: named profiles in; engines, sessions and health reports out by name."""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Self

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from connmgr.config.diagnostics import unknown
from connmgr.config.loader import require_profiles
from connmgr.config.settle import settle
from connmgr.engine.failures import classify
from connmgr.engine.pool.stats import empty as empty_stats
from connmgr.errors import ConfigError, UnknownProfile
from connmgr.poolstats import PoolStats
from connmgr.profile import Profile
from connmgr.report import HealthReport, Holder, Status
from connmgr.runtime.connection import ConnectionScope
from connmgr.runtime.handle import Handle
from connmgr.runtime.health import Monitor, misconfigured
from connmgr.runtime.housekeeping import Housekeeper
from connmgr.runtime.ownership import Ownership
from connmgr.runtime.session import ManagedSession
from connmgr.runtime.shutdown import shut_down
from connmgr.secret import Environment
from connmgr.settings import Settings

GRACE = 10.0
"""Seconds that closing waits for sessions that are out."""


class Registry(Mapping[str, Profile]):
    """Profiles by name, and, while open, one engine for each profile in use.

    Open it with `async with registry:` or `open()`; what it opened belongs to that event loop, and
    `close()` ends it all. A closed registry may be opened again, also in another loop. A profile's
    references are resolved at its first use; what cannot be resolved fails that profile alone.
    """

    def __init__(self, profiles: Mapping[str, Profile], *, environ: Mapping[str, str] | None = None) -> None:
        self._profiles = dict(profiles)
        self._environ = Environment(os.environ if environ is None else environ)
        self._settings: dict[str, Settings] = {}
        self._handles: dict[str, Handle] = {}
        self._monitors: dict[str, Monitor] = {}
        self._owner = Ownership()
        self._closing = asyncio.Lock()

    @classmethod
    def load(
        cls,
        directory: str | Path,
        *,
        names: Iterable[str] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Self:
        """Read and validate the profiles in `directory`; no database I/O, no environment needed.

        With `names`, only those: their files are read, those of their bases, and the shared ones.

        Raises:
            ConfigError: with every problem of every file.
            UnknownProfile: no file has one of the names.
        """
        # Wrapped at once: a traceback that prints locals would show what the caller handed over.
        environ = None if environ is None else Environment(environ)
        return cls(require_profiles(directory, names), environ=environ)

    def __getitem__(self, name: str) -> Profile:
        try:
            return self._profiles[name]
        except KeyError:
            raise UnknownProfile(unknown(name, self._profiles)) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._profiles)

    def __len__(self) -> int:
        return len(self._profiles)

    # A registry owns engines: one that has equal profiles is still another.
    __eq__, __hash__ = object.__eq__, object.__hash__

    def __repr__(self) -> str:
        state = "open" if self._owner.is_open else "closed"
        return f"<Registry {state}: {', '.join(self._profiles) or 'no profiles'}>"

    async def __aenter__(self) -> Self:
        self.open()
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

    def settings(self, name: str) -> Settings:
        """Return what the profile comes to, its references resolved at the first call.

        Raises:
            UnknownProfile: there is no such profile.
            ConfigError: a reference is not set, or what it holds is not accepted.
        """
        profile = self[name]
        if name not in self._settings:
            self._settings[name] = settle(profile, self._environ)
        return self._settings[name]

    def stats(self, name: str) -> PoolStats:
        """Return the pool's counters, all zero for a profile that is not in use; no I/O."""
        if name in self._handles:
            return self._handles[name].stats()
        return empty_stats(self.settings(name).pool)

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

    async def is_healthy(self, name: str) -> bool:
        """Whether the profile's database answers; a full pool still counts as healthy."""
        return (await self.health(name)).status is not Status.UNHEALTHY

    def _handle(self, name: str) -> Handle:
        """Return the profile's engine in service, building it at first use. No await may be added: the
        caller's lease must follow before anything else can retire the handle.
        """
        self._owner.check()
        handle = self._handles.get(name)
        if handle is None:
            handle = self._handles[name] = Handle(self.settings(name))
        return handle

    def _monitor(self, name: str) -> Monitor:
        if name not in self._monitors:
            self._monitors[name] = Monitor(self._handle(name))
        return self._monitors[name]

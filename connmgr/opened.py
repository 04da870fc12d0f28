"""Profiles in service: opened and closed in one event loop, each with its engine from its first use on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Self

from connmgr.engine.pool.stats import empty as empty_stats
from connmgr.engine.protection import is_refused, refuse_in_tests
from connmgr.errors import ConfigError
from connmgr.loaded import LoadedProfiles
from connmgr.observer import Observer
from connmgr.poolstats import PoolStats
from connmgr.profile import Profile
from connmgr.registry_settings import RegistrySettings
from connmgr.report import Holder
from connmgr.runtime.engines import Engines
from connmgr.runtime.handle import Handle
from connmgr.runtime.health import Health
from connmgr.runtime.housekeeping import Housekeeper
from connmgr.runtime.ownership import Ownership
from connmgr.runtime.shutdown import shut_down
from connmgr.runtime.startup import start_up, unsettled

GRACE = 10.0
"""Seconds that closing waits for sessions that are out."""


class OpenedProfiles(LoadedProfiles):
    """Owns the engines, and the checks of their health, from `open` to `close`."""

    def __init__(
        self,
        profiles: Mapping[str, Profile],
        *,
        environ: Mapping[str, str] | None = None,
        options: RegistrySettings | None = None,
    ) -> None:
        super().__init__(profiles, environ=environ, options=options)
        self._engines = Engines()
        self._health = Health(self.options.health.max_monitors)
        self._owner = Ownership()
        self._closing = asyncio.Lock()
        self._observer: Observer | None = None
        self._inherited: list[object] = []

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

    @property
    def is_open(self) -> bool:
        """Whether it is in service, in whichever event loop."""
        return self._owner.is_open

    def require_open(self) -> None:
        """Raise unless it is in service in the running event loop.

        Raises:
            RegistryClosed: it is not open, or only in the process that this one was forked from.
            WrongEventLoop: it is open in another loop.
        """
        self._owner.check()

    def open(self) -> None:
        """Put the registry in service in the running event loop. Engines are built at first use.

        Raises:
            WrongEventLoop: it is open in another loop of this process that still runs.
            ConnmgrError: it is open already, or there is no running loop.
        """
        if self._owner.was_inherited():
            # Kept and never used: collecting them would close what the parent process works with, or its own.
            self._inherited.append((self._engines, self._health))
        self._owner.take()
        self._engines, self._health = Engines(self._observer), Health(self.options.health.max_monitors)
        self._closing = asyncio.Lock()
        self._housekeeper = Housekeeper(lambda: (*self._engines, self._health))
        self._housekeeper.start()

    async def start(self) -> None:
        """Connect the profiles whose `startup` is `warn` or `fail`; `async with` does so as it opens. Those
        that are protected are left alone where tests run: nobody there can have them.

        Raises:
            StartupFailed: profiles with `startup: fail` could not be reached in `timeouts.startup`, or their
                settings cannot be had.
        """
        eager = [profile for profile in self.values() if profile.values.get("startup", "lazy") != "lazy"]
        wanted, failures = [], {}
        for profile in eager:
            try:
                handle = self._in_service(profile.name)
            except ConfigError as error:
                failures[profile.name] = unsettled(profile, error)
            else:
                wanted.append(handle)
        await start_up([each for each in wanted if not is_refused(each.settings)], failures)

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
        engines, self._engines = self._engines, Engines(self._observer)
        health, housekeeper = self._health, self._housekeeper
        async with self._closing:
            try:
                return await shut_down(health, engines, grace)
            finally:
                await housekeeper.stop()

    def stats(self, name: str) -> PoolStats:
        """Return the pool's counters, all zero for a profile that is not in use; no I/O."""
        return self._engines.stats(name) or empty_stats(self.settings(name).pool)

    def stats_all(self) -> dict[str, PoolStats]:
        """Return the counters of each profile in use, of one moment; may be called from any thread."""
        return self._owner.call(self._engines.stats_all)

    def observe(self, observer: Observer | None) -> None:
        """Tell `observer` what happens in all profiles from now on, in place of whoever was told before."""
        self._observer = observer
        self._engines.observe(observer)

    def _handle(self, name: str) -> Handle:
        """Return the profile's engine in service, building it at first use. No await may be added: the
        caller's lease must follow before anything else can retire the handle.
        """
        handle = self._in_service(name)
        self._engines.refuse_disabled(name)
        # Here as well as in the pool: nobody gets so far as to hold a session or an engine.
        refuse_in_tests(handle.settings)
        return handle

    def _in_service(self, name: str) -> Handle:
        self._owner.check()
        return self._engines.get(name) or self._engines.put(Handle(self.settings(name)))

"""Profiles that follow their files: compared with them, and reloaded from them, all or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from connmgr import logs
from connmgr.config.secrets.aside import Aside
from connmgr.drafting import Draft, Running, draft, settle_all
from connmgr.errors import ConfigError, ConnmgrError, RegistryClosed, ReloadRefused, UnknownProfile
from connmgr.operated import OperatedProfiles
from connmgr.plan import Effect, Plan
from connmgr.report import ReloadStats
from connmgr.runtime.handle import Handle
from connmgr.runtime.verify import verify
from connmgr.settings import Settings

DEADLINE: Final = 60.0
"""Seconds that reading all files may take: a network file system hangs while its server is away."""


NAMED: Final = 10
"""How many profiles a log event names: a base may be that of thousands."""

REFUSALS: Final = (ConfigError, ReloadRefused, UnknownProfile)
"""What a reload ends with that changed nothing."""


class ReloadedProfiles(OperatedProfiles):
    """Each reload is one instant: new work before it has what was, new work after it has what is new."""

    _reloading: asyncio.Lock
    _reloads = ReloadStats()
    _reload_error: ConnmgrError | None = None

    @property
    def reload_error(self) -> ConnmgrError | None:
        """Why the last reload changed nothing; None once one succeeded."""
        return self._reload_error

    @property
    def reloads(self) -> ReloadStats:
        """How often it was reloaded, and refused to be; from any thread."""
        return self._reloads

    def open(self) -> None:
        """See `OpenedProfiles`."""
        super().open()
        self._reloading = asyncio.Lock()
        if self._reload_error is not None:
            self._health.reload_error = _summary(self._reload_error)

    def plan(self) -> Plan:
        """Say what `reload` would change. Reads the files that changed, and may take as long as that.

        May be called from any thread.

        Raises:
            ConfigError: with every problem of every file, and of the references of profiles in service.
            ConnmgrError: the registry was not loaded from a directory.
        """
        return self._draft_now().plan

    async def reload(self) -> Plan:
        """Read the files again and bring what changed into service; return what that was. One at a time.

        All or nothing: after an error everything is as before, and `reload_error` has it. Changed limits
        and time-outs hold at once; what a connection is made with replaces connections as they come back;
        where another database or user is meant, new work goes to a new engine, and the old one ends with
        the work that it has, after `reload.drain_timeout` at the latest.

        Raises:
            ConfigError: with every problem of every file, and of the references of profiles in service.
            UnknownProfile: a file that the registry was loaded for by name is gone.
            ReloadRefused: a profile with `reload.verify: connect` did not connect as changed.
            RegistryClosed: it was closed meanwhile.
        """
        return await self._reload()

    async def _reload(self, *, tells: bool = True) -> Plan:
        """Do what `reload` does; without `tells`, a refusal is the caller's alone to know."""
        self._owner.check()
        engines = self._engines
        async with self._reloading:
            try:
                drafted = await self._drafted()
                handles = await self._verified(drafted)
                try:
                    if self._engines is not engines:
                        raise RegistryClosed("the registry was closed while it was reloaded")
                    self._swap(drafted, handles)
                    # Before the close, which may be cancelled: what was swapped stays so.
                    self._succeeded(drafted.plan)
                finally:
                    await _close(handles.values())
            except REFUSALS as error:
                if tells:
                    self._refused(error)
                raise
        return drafted.plan

    def _drafted_aside(self) -> Draft:
        # Here, in the thread: that a reload is told of must not hold up the event loop.
        logs.prepare()
        return self._draft_now()

    def _draft_now(self) -> Draft:
        serving = {handle.name: handle.settings for handle in self._engines.serving()}
        running = Running(self._profiles, self.options, serving)
        files = self._files()
        return draft(running, files.require(), self._environ, files.path)

    async def _drafted(self) -> Draft:
        """Draft in a thread: thousands of files take longer than the event loop may be held up."""
        try:
            return await Aside(self._drafted_aside, "connmgr-reload").result(DEADLINE)
        except TimeoutError:
            raise ReloadRefused({}, [f"the files could not be read within {DEADLINE:g} s"]) from None

    async def _verified(self, drafted: Draft) -> dict[str, Handle]:
        """Return new engines that had to prove themselves, and did: of those that are built anew, and of
        those whose next connections are made in another way.
        """
        changed = [
            each.profile for each in drafted.plan.profiles if each.in_service and _connects(each.effect)
        ]
        settings = [drafted.settled[name] for name in changed]
        handles = {each.name: Handle(each) for each in settings if each.reload.verify == "connect"}
        try:
            await verify(handles.values())
        except BaseException:
            await _close(handles.values())
            raise
        return handles

    def _swap(self, drafted: Draft, handles: dict[str, Handle]) -> None:
        """Bring a draft into service. No await may be added: between two profiles' changes, new work would
        find one as it was and the other as it is.
        """
        settled = {**drafted.settled, **self._settled_late(drafted)}
        for name in self._profiles.keys() - drafted.profiles.keys():
            self._health.forget(name, for_good=True)
            self._engines.set_state(name, "active")
            self._engines.retire(name)
        self._take(drafted.profiles, settled)
        self.options = drafted.options
        self._health.set_most_per_server(drafted.options.health.max_monitors)
        for each in drafted.plan.profiles:
            handle = self._engines.get(each.profile)
            if handle is None:
                continue
            settings = settled[each.profile]
            if each.effect is not Effect.LIVE:
                self._health.forget(each.profile, is_rebuilt=each.effect is Effect.REBUILD)
            if each.effect is Effect.REBUILD:
                self._engines.retire(each.profile, settings)
                self._engines.put(handles.pop(each.profile) if each.profile in handles else Handle(settings))
            else:
                handle.adopt(settings, renews=each.effect is Effect.NEXT_CONNECTION)

    def _settled_late(self, drafted: Draft) -> dict[str, Settings]:
        """Settle those that were used for the first time since the draft."""
        late = [handle.name for handle in self._engines.serving() if handle.name not in drafted.settled]
        profiles = drafted.profiles
        return settle_all({name: profiles[name] for name in late if name in profiles}, self._environ)

    def _refused(self, error: ConnmgrError) -> None:
        is_news = str(error) != str(self._reload_error)
        self._reload_error = error
        self._reloads = replace(self._reloads, refused=self._reloads.refused + 1)
        self._health.reload_error = _summary(error)
        if is_news:
            logs.event("ERROR", f"reload refused, everything stays as it was: {_summary(error)}")

    def _succeeded(self, plan: Plan) -> None:
        was_refused, self._reload_error = self._reload_error is not None, None
        self._reloads = replace(self._reloads, applied=self._reloads.applied + 1)
        self._health.reload_error = ""
        if was_refused or not plan.is_empty:
            logs.event("INFO", f"reloaded: {_told(plan)}", unchanged=plan.unchanged)


def _connects(effect: Effect | None) -> bool:
    return effect in (Effect.REBUILD, Effect.NEXT_CONNECTION)


def _told(plan: Plan) -> str:
    """Return what was reloaded, in one line: the first profiles by name, and how many more there are."""
    named = [f"{each.profile} ({each.effect or each.action})" for each in plan.profiles[:NAMED]]
    named += [f"{len(plan.profiles) - NAMED} more"] if len(plan.profiles) > NAMED else []
    named += ["_registry"] if plan.registry else []
    return ", ".join(named) or "nothing changed"


def _summary(error: ConnmgrError) -> str:
    """Return an error in one line: its first problem, and how many more there are."""
    if not isinstance(error, ConfigError):
        return " ".join(str(error).split())
    first, more = error.problems[0], len(error.problems) - 1
    return f"{first}; and {more} more" if more else str(first)


async def _close(handles: Iterable[Handle]) -> None:
    """Close engines that were never in service."""
    await asyncio.gather(*(handle.retire(0) for handle in handles))

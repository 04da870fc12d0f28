"""The engines of one open registry: one in service for each profile in use, and those that leave it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextvars import Context
from dataclasses import replace
from typing import Any, TypeAlias

from connmgr import logs
from connmgr.engine.pool import Overlap, ProfilePool
from connmgr.errors import ProfileDisabled
from connmgr.observer import Observer
from connmgr.poolstats import PoolStats
from connmgr.report import Holder, ServiceState
from connmgr.runtime.handle import Handle
from connmgr.settings import Settings

Retirement: TypeAlias = "asyncio.Task[tuple[Holder, ...]]"
"""The end of an engine that left service; its result is who was cut off."""


class Engines:
    """Puts engines in service and takes them out; each change is one call without an await.

    So every session finds the one engine that new work goes to, and whatever leaves service has an owner
    until its last connection is closed.
    """

    def __init__(self, observer: Observer | None = None) -> None:
        self.observer = observer
        self._serving: dict[str, Handle] = {}
        self._leaving: dict[str, dict[Handle, Retirement]] = {}
        self._overlaps: dict[str, Overlap] = {}
        self._states: dict[str, ServiceState] = {}

    def __iter__(self) -> Iterator[Handle]:
        """Yield every engine, those that leave service too."""
        yield from tuple(self._serving.values())
        for leaving in tuple(self._leaving.values()):
            yield from tuple(leaving)

    def serving(self) -> tuple[Handle, ...]:
        """Return those in service, in the order of first use; may be called from any thread."""
        return tuple(self._serving.values())

    def get(self, name: str) -> Handle | None:
        """Return the engine that is in service for a profile."""
        return self._serving.get(name)

    def leaving(self, name: str) -> list[Handle]:
        """Return the engines of a profile that have left service and still work, the oldest first."""
        return [*self._leaving.get(name, ())]

    def all_of(self, name: str) -> list[Handle]:
        """Return all engines of a profile, the one in service first."""
        serving = self._serving.get(name)
        return [*([] if serving is None else [serving]), *self.leaving(name)]

    def put(self, handle: Handle) -> Handle:
        """Put an engine in service; new work goes there from now on."""
        handle.observe(self.observer)
        if self.state(handle.name) == "paused":
            handle.pool.pause()
        if handle.name in self._overlaps:
            self._share(handle)
        self._serving[handle.name] = handle
        return handle

    def observe(self, observer: Observer | None) -> None:
        """Tell `observer` from now on what happens in all of them, in place of whoever was told before."""
        self.observer = observer
        for handle in self:
            handle.observe(observer)

    def stats(self, name: str) -> PoolStats | None:
        """Return the counters of a profile's engine, and what those that leave still hold; None for none."""
        handle = self._serving.get(name)
        if handle is None:
            return None
        stats = handle.stats()
        if name not in self._overlaps:
            return stats
        return replace(stats, retiring=sum(other.pool.held() for other in self.leaving(name)))

    def stats_all(self) -> dict[str, PoolStats]:
        """Return the counters of each profile that has an engine in service."""
        return {name: stats for name in self._serving if (stats := self.stats(name)) is not None}

    # What an operator wants of a profile ---------------------------------------------------------------

    def state(self, name: str) -> ServiceState:
        """Return how a profile serves."""
        return self._states.get(name, "active")

    def states(self) -> dict[str, ServiceState]:
        """Return how those profiles serve that have an engine in service, or are not active."""
        return {name: self.state(name) for name in (*self._serving, *self._states)}

    def set_state(self, name: str, state: ServiceState) -> None:
        """Let a profile serve so, whichever engine it has."""
        if state == "active":
            self._states.pop(name, None)
        else:
            self._states[name] = state
        for handle in self.all_of(name):
            if state == "paused":
                handle.pool.pause()
            else:
                handle.pool.resume()

    def refuse_disabled(self, name: str) -> None:
        """Refuse new work for a profile that is out of service.

        Raises:
            ProfileDisabled: an operator wants it so.
        """
        if self._states and self._states.get(name) == "disabled":
            raise ProfileDisabled(
                f"profile {name!r}: an operator took it out of service; `connmgr enable {name}`, or "
                "registry.enable, puts it back"
            )

    # Out of service --------------------------------------------------------------------------------------

    def retire(self, name: str, settings: Settings | None = None) -> Retirement | None:
        """Take a profile's engine out of service, if it has one, and let it end in a task.

        Whoever works with it goes on until `reload.drain_timeout` is over. That and the bound for all of
        the profile's engines together are those of `settings`, which take its place; its own unless given.
        """
        handle = self._serving.pop(name, None)
        if handle is None:
            return None
        limits = (settings or handle.settings).reload
        overlap = self._overlaps.setdefault(name, Overlap(limits.max_overlap))
        overlap.times = limits.max_overlap
        self._share(handle)
        handle.pool.leave()
        return self._end(handle, handle.retire(limits.drain_timeout))

    def _share(self, handle: Handle) -> None:
        pool = handle.pool
        if isinstance(pool, ProfilePool) and pool.overlap is None:
            pool.overlap = self._overlaps[handle.name]
            pool.overlap.join(pool)

    def _end(self, handle: Handle, ending: Coroutine[Any, Any, tuple[Holder, ...]]) -> Retirement:
        # In a context of its own: it belongs to no caller's trace or request.
        name = f"connmgr retires {handle.name}"
        task = asyncio.get_running_loop().create_task(ending, name=name, context=Context())
        self._leaving.setdefault(handle.name, {})[handle] = task
        task.add_done_callback(lambda task: self._ended(handle, task))
        return task

    def _ended(self, handle: Handle, task: Retirement) -> None:
        del self._leaving[handle.name][handle]
        _part(handle)
        if not self._leaving[handle.name]:
            del self._leaving[handle.name]
            self._overlaps.pop(handle.name, None)
            if (serving := self._serving.get(handle.name)) is not None:
                _part(serving)
        if not task.cancelled() and (error := task.exception()) is not None:
            name, kind = handle.name, type(error).__name__
            logs.event("ERROR", f"profile {name!r}: its old engine did not close: {kind}", profile=name)

    async def close(self, grace: float) -> tuple[Holder, ...]:
        """Retire all of them, those that leave already too, within `grace` seconds; return who was cut off.

        Cancelled, it waits no longer for anybody and closes at once.

        Raises:
            Exception: the first error of a retirement, once all of them have ended.
        """
        retirements = [handle.retire(grace) for handle in self._serving.values()]
        for leaving in self._leaving.values():
            retirements += [_hurried(handle, task, grace) for handle, task in leaving.items()]
        results = await asyncio.gather(*retirements, return_exceptions=True)
        holders: list[Holder] = []
        for result in results:
            if isinstance(result, BaseException):
                raise result
            holders.extend(result)
        return tuple(holders)


def _part(handle: Handle) -> None:
    """Let an engine's pool go by its own limit alone."""
    pool = handle.pool
    if isinstance(pool, ProfilePool) and pool.overlap is not None:
        pool.overlap.leave(pool)
        pool.overlap = None
        pool.refill()


async def _hurried(handle: Handle, task: Retirement, grace: float) -> tuple[Holder, ...]:
    """Give a retirement that goes on already at most `grace` seconds more."""
    try:
        await asyncio.wait({task}, timeout=grace)
    finally:
        stragglers = handle.stragglers()
        if task.cancel():
            await asyncio.wait({task})
    return stragglers if task.cancelled() else task.result()

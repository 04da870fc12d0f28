"""Profiles that are reloaded by themselves: when their files change, or the process is sent SIGHUP."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from contextvars import Context
from typing import Any, Final

from connmgr import logs
from connmgr.config.watch import Watch
from connmgr.errors import ConnmgrError
from connmgr.opened import GRACE
from connmgr.reloaded import REFUSALS, ReloadedProfiles
from connmgr.report import Holder

SECOND_LOOK: Final = 0.5
"""Seconds in which files that are wrong may still become right: who writes them may not be done."""


class FollowingProfiles(ReloadedProfiles):
    """Owns the tasks that reload, until it is closed. What they are refused is logged; see `reload_error`."""

    _watching: asyncio.Task[None] | None = None
    _signalled: asyncio.AbstractEventLoop | None = None
    _handled_before: Any = signal.SIG_DFL
    _following: frozenset[asyncio.Task[None]] = frozenset()

    def watch(self) -> None:
        """Reload whenever the profiles' files change, from now on and until it is closed.

        A burst of writes is one reload, and files that are wrong have half a second to become right. A second
        call does nothing.

        Raises:
            RegistryClosed, WrongEventLoop: it is not open here.
            ConnmgrError: the registry was not loaded from a directory.
        """
        self._owner.check()
        path = self._files().path
        # Another loop's is over, or belongs to the process that this one was forked from.
        if self._watching not in self._own_tasks():
            self._watching = self._follow(self._watch(path), "connmgr watches")

    def handle_signals(self) -> None:
        """Reload when the process is sent SIGHUP, from now on and until it is closed.

        Takes the place of whatever was done at SIGHUP before; closed, it gives that back.

        Raises:
            RegistryClosed, WrongEventLoop: it is not open here.
            ConnmgrError: not in the main thread, or the system has no such signal.
        """
        self._owner.check()
        loop = asyncio.get_running_loop()
        try:
            before = signal.getsignal(signal.SIGHUP)
            loop.add_signal_handler(signal.SIGHUP, self._at_signal)
        except (AttributeError, NotImplementedError, RuntimeError, ValueError) as error:
            raise ConnmgrError(
                "SIGHUP cannot be handled here: that takes the main thread, and a system that has it"
            ) from error
        if self._signalled is not loop:
            self._signalled, self._handled_before = loop, before

    async def close(self, grace: float = GRACE) -> tuple[Holder, ...]:
        """Follow no more, then do as `OpenedProfiles.close`; a reload under way is given up."""
        try:
            await self._stop_following()
        finally:
            holders = await super().close(grace)
        return holders

    def _at_signal(self) -> None:
        self._follow(self._reload_quietly(), "connmgr reloads")

    async def _watch(self, path: str) -> None:
        async with Watch(path) as watch:
            # What changed between the load and now, nobody saw.
            await self._reload_quietly()
            while True:
                await watch.changed()
                await self._reload_once_at_rest(watch)

    async def _reload_once_at_rest(self, watch: Watch) -> None:
        """Reload; where files are wrong, look once more when they change again or had the time to."""
        try:
            await self._reload(tells=False)
        except REFUSALS:
            try:
                async with asyncio.timeout(SECOND_LOOK):
                    await watch.changed()
            except TimeoutError:
                pass
            await self._reload_quietly()

    async def _reload_quietly(self) -> None:
        """Reload for nobody who would hear of an error; it was logged and is kept."""
        try:
            await self.reload()
        except REFUSALS:
            pass
        except ConnmgrError as error:
            logs.event("ERROR", f"not reloaded: {error}")

    def _follow(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        # In a context of its own: it belongs to no caller's trace or request.
        task = asyncio.get_running_loop().create_task(work, name=name, context=Context())
        self._following |= {task}
        task.add_done_callback(self._followed)
        return task

    def _followed(self, task: asyncio.Task[None]) -> None:
        self._following -= {task}
        if not task.cancelled() and (error := task.exception()) is not None:
            logs.event("ERROR", f"{task.get_name()} no more: {type(error).__name__}")

    async def _stop_following(self) -> None:
        loop, self._signalled = self._signalled, None
        if loop is not None and loop is asyncio.get_running_loop():
            loop.remove_signal_handler(signal.SIGHUP)
            # The event loop leaves the system's default, and the next SIGHUP would end the process.
            signal.signal(signal.SIGHUP, self._handled_before)
        own = self._own_tasks()
        for task in own:
            task.cancel()
        if own:
            await asyncio.wait(own)

    def _own_tasks(self) -> list[asyncio.Task[None]]:
        """Return the tasks that run in this event loop."""
        loop = asyncio.get_running_loop()
        return [task for task in self._following if task.get_loop() is loop and not task.done()]

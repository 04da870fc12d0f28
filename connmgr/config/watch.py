"""Wait until the profile files of a directory have changed and come to rest."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from connmgr.config.watching.events import STEP
from connmgr.config.watching.lookout import Lookout
from connmgr.config.watching.rest import Rest

PATIENCE: Final = 0.8
"""Seconds that a close waits for the threads. Those that a file system holds up end by themselves, later."""


class Watch:
    """Tells when profile files of a directory changed, from `async with` on. The directory need not exist.

    A change is told once no other came for `quiet` seconds, or once they went on for `longest`. Whether a
    file is whole then nobody can know: its writer may pause for longer.

    For one task, in one event loop, once.
    """

    def __init__(self, directory: str | Path, *, quiet: float = 0.15, longest: float = 0.6) -> None:
        self._root = str(Path(directory))
        # Of two changes the second may be told of a step later: their pause would look that much longer.
        self._rest = Rest(quiet + STEP, longest)
        self._inbox: _Inbox | None = None
        self._lookout: Lookout | None = None

    async def __aenter__(self) -> Self:
        inbox = self._inbox = _Inbox(asyncio.get_running_loop(), self._rest)
        lookout = self._lookout = Lookout(self._root, inbox)
        lookout.start()
        try:
            await inbox.is_ready.wait()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def changed(self) -> None:
        """Return once something changed since this returned last; cancelled, it leaves that to the next call.

        Raises:
            RuntimeError: the watch has not begun, or it is closed.
        """
        while True:
            await self._open_inbox().has_news.wait()
            inbox = self._open_inbox()
            pause = self._rest.due() - time.monotonic()
            if pause <= 0:
                # No await from here on: a change that is told later is one for the next call.
                inbox.has_news.clear()
                self._rest.reported()
                return
            await asyncio.sleep(pause)

    async def close(self) -> None:
        """End the watch within a second; a second time does nothing. Whoever waits in `changed` is told."""
        lookout, self._lookout = self._lookout, None
        inbox, self._inbox = self._inbox, None
        if lookout is None or inbox is None:
            return
        lookout.stop()
        inbox.has_news.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await inbox.has_ended.wait()

    def _open_inbox(self) -> _Inbox:
        if self._inbox is None:
            raise RuntimeError("the watch is not open")
        return self._inbox


class _Inbox:
    """Takes over into the event loop what the lookout tells in its threads."""

    def __init__(self, loop: asyncio.AbstractEventLoop, rest: Rest) -> None:
        self.is_ready, self.has_news, self.has_ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._loop = loop
        self._rest = rest
        self._is_under_way = False

    def is_waiting(self) -> bool:
        return not self._loop.is_closed()

    def ready(self) -> None:
        self._call(self.is_ready.set)

    def changed(self) -> None:
        # One message for a batch of a thousand names.
        if not self._is_under_way:
            self._is_under_way = True
            self._call(self._note)

    def ended(self) -> None:
        self._call(self.has_ended.set)
        # Or whoever opens the watch would wait for ever for a lookout that failed.
        self._call(self.is_ready.set)

    def _note(self) -> None:
        # First: what is told from here on needs a message of its own.
        self._is_under_way = False
        self._rest.notice(time.monotonic())
        self.has_news.set()

    def _call(self, function: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(function)

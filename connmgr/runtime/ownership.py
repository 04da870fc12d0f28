"""Which event loop of which process an open registry belongs to."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Final, TypeVar

from connmgr.errors import ConnmgrError, RegistryClosed, WrongEventLoop

T = TypeVar("T")

_PATIENCE: Final = 0.2


class Ownership:
    """Refuses the loops and processes that a registry is not open in, and says what to do there."""

    def __init__(self) -> None:
        self.is_open = False
        self._pid = os.getpid()
        self._loop: asyncio.AbstractEventLoop | None = None

    def take(self) -> None:
        """Open in the running event loop.

        Raises:
            WrongEventLoop: open in another loop of this process that still runs, or no loop is running.
            ConnmgrError: open already.
        """
        loop = _running_loop("open")
        if self.is_open and not self.was_inherited():
            if self._loop is loop:
                raise ConnmgrError("the registry is open already")
            if self._loop is not None and not self._loop.is_closed():
                raise WrongEventLoop("the registry is open in another event loop; close it there first")
            # Else left open by a loop that is gone: its connections went with it.
        self.is_open, self._pid, self._loop = True, os.getpid(), loop

    def give_up(self) -> None:
        """Close, in the loop it is open in.

        Raises:
            WrongEventLoop: it is open in another loop.
        """
        if _running_loop("close") is not self._loop:
            raise WrongEventLoop("the registry is open in another event loop; close it there")
        self.is_open = False

    def check(self) -> None:
        """Raise unless it is open here.

        Raises:
            RegistryClosed: not open, or only in the process that this one was forked from.
            WrongEventLoop: open in another loop.
        """
        if not self.is_open:
            raise RegistryClosed("the registry is not open; use it inside `async with registry:`")
        if _running_loop("use") is not self._loop:
            if self.was_inherited():
                raise RegistryClosed("the registry is open in the parent process; open it in this one too")
            raise WrongEventLoop("the registry is open in another event loop; load one for this loop")

    def call(self, read: Callable[[], T]) -> T:
        """Return what `read` finds in the event loop that it is open in; may be called from any thread.

        Read from another thread while the loop goes on, counters would not fit together. A loop that is
        blocked changes none of them, and is not waited for.
        """
        loop = self._loop
        if loop is None or not loop.is_running() or loop is asyncio._get_running_loop():
            return read()
        try:
            return asyncio.run_coroutine_threadsafe(_in_loop(read), loop).result(_PATIENCE)
        except TimeoutError:
            return read()

    def was_inherited(self) -> bool:
        """Whether this process was forked from the one that opened it."""
        return self.is_open and self._pid != os.getpid()


async def _in_loop(read: Callable[[], T]) -> T:
    return read()


def _running_loop(verb: str) -> asyncio.AbstractEventLoop:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise WrongEventLoop(f"no event loop is running; {verb} the registry inside one") from None

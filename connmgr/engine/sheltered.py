"""Runs work in its caller's own task, sheltered from the cancellation of that task."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from types import coroutine
from typing import Any

Wakeup = Callable[[asyncio.Future[Any]], object]


class Sheltered:
    """Stands between a task and the futures that its work waits for, one after another.

    A task that is cancelled cancels what it waits for. That is this, which remembers the cancellation and
    lets the work wait on. `asyncio.shield` does the same with a task more, a future more and three more
    turns of the event loop, which is more than all else that the end of a session costs.

    To asyncio this is a future, because it has what `asyncio.isfuture` looks for.
    """

    __slots__ = (
        "_asyncio_future_blocking", "_context", "_future", "_is_late", "_wakeup", "_work", "cancellation",
    )  # fmt: skip

    def __init__(self, work: Coroutine[Any, Any, None]) -> None:
        self.cancellation: asyncio.CancelledError | None = None
        self._asyncio_future_blocking = False
        self._work = work
        self._future: Any = None
        self._is_late = False
        self._wakeup: Wakeup | None = None
        self._context: Context | None = None

    def step(self) -> bool:
        """Go on with the work until it waits for something; return whether it ended instead."""
        try:
            self._future = self._work.send(None)
        except StopIteration:
            return True
        return False

    # One generator for the whole of it: each that stands between a task and what it waits for is gone
    # through twice for every answer of a server.
    def __await__(self) -> Generator[Sheltered | None, None, bool]:
        """Go on with work that waits, to its end or until `wake` is called; return whether it ended."""
        self._is_late = False
        while not self._is_late:
            if self._future is None:
                yield from self.turns(1)
            else:
                # As a task does that is handed a future: nobody could wait for it a second time otherwise.
                self._future._asyncio_future_blocking = False
                self._asyncio_future_blocking = True
                try:
                    yield self
                except GeneratorExit:
                    raise
                except BaseException:
                    # The future's own error: the work finds it there. Any other says that it cannot be
                    # waited for.
                    if not self._future.done():
                        raise
                finally:
                    self._wakeup = self._context = None
                if not self._future.done():
                    break
            if self.step():
                return True
        return False

    @coroutine
    def turns(self, count: int) -> Generator[None, None, None]:
        """Wait for so many turns of the event loop, as `asyncio.sleep(0)` does for one."""
        for _ in range(count):
            try:
                yield
            except asyncio.CancelledError as error:
                self.cancellation = error

    def wake(self) -> None:
        """Stop going on with the work although it has not ended."""
        self._is_late = True
        if self._wakeup is not None and self._future.remove_done_callback(self._wakeup):
            done = self.get_loop().create_future()
            done.set_result(None)
            done.add_done_callback(self._wakeup, context=self._context)

    def abandon(self) -> None:
        """End the work where it stands, as a cancellation ends it."""
        with contextlib.suppress(Exception, asyncio.CancelledError):
            if self._future is not None:
                self._future.cancel()
            self._work.throw(asyncio.CancelledError())
            self._work.close()

    # What a task calls of a future that it waits for -----------------------------------------------------

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return the event loop of the future."""
        loop: asyncio.AbstractEventLoop = self._future.get_loop()
        return loop

    def add_done_callback(self, wakeup: Wakeup, *, context: Context | None = None) -> None:
        """Have the task woken when the future is done."""
        self._wakeup, self._context = wakeup, context
        self._future.add_done_callback(wakeup, context=context)

    def remove_done_callback(self, wakeup: Wakeup) -> int:
        """Have the task not woken; return how many times it would have been."""
        count: int = self._future.remove_done_callback(wakeup)
        return count

    def done(self) -> bool:
        """Whether the task has something to do."""
        return self._is_late or bool(self._future.done())

    def cancel(self, msg: object = None) -> bool:
        """Take a cancellation; the task hears that it was delivered."""
        self.cancellation = asyncio.CancelledError() if msg is None else asyncio.CancelledError(msg)
        return True

"""Runs work in its caller's own task, sheltered from the cancellation of that task."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
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

    def __init__(self, work: Coroutine[Any, Any, None], future: Any) -> None:
        """Take over work that has begun and waits for `future`."""
        self.cancellation: asyncio.CancelledError | None = None
        self._asyncio_future_blocking = False
        self._work = work
        self._future = future
        self._is_late = False
        self._wakeup: Wakeup | None = None
        self._context: Context | None = None

    async def run(self) -> bool:
        """Go on with the work to its end, or until `wake` is called; return whether it ended."""
        self._is_late = False
        while await self:
            try:
                self._future = self._work.send(None)
            except StopIteration:
                return True
        return False

    def wake(self) -> None:
        """End `run` although the work has not ended."""
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

    def __await__(self) -> Generator[Sheltered | None, None, bool]:
        """Wait for what the work waits for; return whether the work can go on."""
        if self._is_late:
            return False
        if self._future is None:
            yield from self._one_turn()
            return True
        # As a task does that is handed a future: nobody could wait for it a second time otherwise.
        self._future._asyncio_future_blocking = False
        self._asyncio_future_blocking = True
        try:
            yield self
        except GeneratorExit:
            raise
        except BaseException:
            # The future's own error: the work finds it there. Any other says that it cannot be waited for.
            if not self._future.done():
                raise
        finally:
            self._wakeup = self._context = None
        return bool(self._future.done())

    def _one_turn(self) -> Generator[None, None, None]:
        """Wait for the next turn of the event loop, as `asyncio.sleep(0)` does: there is no future then."""
        try:
            yield
        except asyncio.CancelledError as error:
            self.cancellation = error

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

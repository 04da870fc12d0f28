"""Callers that wait for a connection: first come, first served."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from math import inf
from typing import Final

from connmgr.engine.pool.record import Record

_Place = tuple[float, int]
_NOBODY: Final[OrderedDict[asyncio.Future[Record | None], _Place]] = OrderedDict()
"""The queue of every pool for which nobody waits, as in most of a thousand profiles; never changed."""


class Waiters:
    """A queue of callers, each with the time since when it waits, and how many connects had failed by then.

    A connection goes to whoever waits longest, and nobody who comes later can overtake: a pool that let
    a caller take what is free past the queue starved the others (SQLAlchemy's own does).
    """

    __slots__ = ("_queue",)

    def __init__(self) -> None:
        self._queue = _NOBODY

    def __len__(self) -> int:
        return len(self._queue)

    def oldest(self, now: float) -> float:
        """Return for how many seconds the first has waited; zero when nobody waits."""
        return now - next(iter(self._queue.values()))[0] if self._queue else 0.0

    def join(self, since: float, failures: int, *, first: bool) -> asyncio.Future[Record | None]:
        """Queue up; `first` is for one that was served already, with a connection that turned out dead."""
        future = asyncio.get_running_loop().create_future()
        if self._queue is _NOBODY:
            self._queue = OrderedDict()
        self._queue[future] = since, failures
        if first:
            self._queue.move_to_end(future, last=False)
        return future

    async def wait(
        self,
        future: asyncio.Future[Record | None],
        seconds: float,
        take_back: Callable[[Record], None],
    ) -> Record | None:
        """Wait for what `join` queued up for; None when `seconds` have passed.

        Cancelled in the very turn in which it was served, it hands the connection to `take_back`: the
        caller will never see it, and it would be out of the pool for good.
        """
        timer = asyncio.get_running_loop().call_later(seconds, _give_up, future)
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                record = future.result()
                if record is not None:
                    take_back(record)
            raise
        finally:
            timer.cancel()
            self._queue.pop(future, None)
            if not self._queue:
                # It would keep the memory of its longest.
                self._queue = _NOBODY

    def serve(self, record: Record) -> bool:
        """Give a connection to the oldest waiter; False when nobody waits."""
        future = self._next()
        if future is not None:
            future.set_result(record)
        return future is not None

    def fail(self, error: BaseException, came_by: float = inf) -> bool:
        """Let the oldest waiter raise `error`; False when nobody waits who came by then."""
        if self._queue and next(iter(self._queue.values()))[0] > came_by:
            return False
        future = self._next()
        if future is not None:
            future.set_exception(error)
        return future is not None

    def fail_those_since(self, error: BaseException, failures: int) -> None:
        """Let every waiter raise `error` who queued up when no more than so many connects had failed."""
        while self._queue and next(iter(self._queue.values()))[1] <= failures:
            self.fail(error)

    def fail_all(self, error: BaseException, came_by: float = inf) -> None:
        """Let every waiter raise `error` who came by then."""
        while self.fail(error, came_by):
            pass

    def _next(self) -> asyncio.Future[Record | None] | None:
        """Take the oldest out of the queue, past those that gave up or were cancelled in this turn."""
        while self._queue:
            future, _ = self._queue.popitem(last=False)
            if not future.done():
                return future
        return None


def _give_up(future: asyncio.Future[Record | None]) -> None:
    if not future.done():
        future.set_result(None)

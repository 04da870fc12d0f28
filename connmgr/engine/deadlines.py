"""Deadlines of one length, many at a time, on a single timer."""

from __future__ import annotations

import asyncio

LATE = "connmgr: the deadline has passed"
"""The message of the cancellation that a deadline sends."""


class Deadlines:
    """Cancels a future that is not done `seconds` after its `start`, unless `stop` came first.

    Every session ends under such a deadline and hardly any meets it. A timer of the event loop's for
    each costs more than the rest of what we add to a session: it is sorted into a heap, and stays there
    until its time comes although it was cancelled. Here all are equally long, so the oldest is the next.
    """

    __slots__ = ("_ends", "_timer", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._ends: dict[asyncio.Future[None], float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def start(self, future: asyncio.Future[None], loop: asyncio.AbstractEventLoop) -> None:
        """Begin the future's time."""
        self._ends[future] = loop.time() + self.seconds
        if self._timer is None:
            self._timer = loop.call_later(self.seconds, self._look, loop)

    def stop(self, future: asyncio.Future[None]) -> None:
        """End the future's time; it may have passed."""
        self._ends.pop(future, None)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        for future, end in list(self._ends.items()):
            if end > now:
                self._timer = loop.call_at(end, self._look, loop)
                return
            del self._ends[future]
            future.cancel(LATE)

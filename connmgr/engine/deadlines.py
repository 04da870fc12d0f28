"""Deadlines of one length, many at a time, on a single timer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

_NONE: Final[dict[Callable[[], None], float]] = {}
"""What runs in every pool at rest; never changed."""


class Deadlines:
    """Calls a function `seconds` after its `start`, unless `stop` came first.

    Every session ends under such a deadline and hardly any meets it. A timer of the event loop's for
    each costs more than the rest of what we add to a session: it is sorted into a heap, and stays there
    until its time comes although it was cancelled. Here all are equally long, so the oldest is the next.
    """

    __slots__ = ("_ends", "_timer", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._ends = _NONE
        self._timer: asyncio.TimerHandle | None = None

    def start(self, late: Callable[[], None], loop: asyncio.AbstractEventLoop) -> None:
        """Begin the time after which `late` is called."""
        if self._timer is None:
            self._ends = {}
            self._timer = loop.call_later(self.seconds, self._look, loop)
        self._ends[late] = loop.time() + self.seconds

    def stop(self, late: Callable[[], None]) -> None:
        """End its time; it may have passed."""
        self._ends.pop(late, None)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        for late, end in list(self._ends.items()):
            if end > now:
                self._timer = loop.call_at(end, self._look, loop)
                return
            del self._ends[late]
            # By the loop: an error of one of them must not keep the others from being called.
            loop.call_soon(late)
        # It would keep the memory of its fullest.
        self._ends = _NONE

"""Let other threads have their turns while one of them works for long."""

from __future__ import annotations

import time
from typing import Final

WORK: Final = 0.001
PAUSE: Final = 0.0002
"""Seconds, longer than it takes another thread to wake up and take over."""


class Turns:
    """To be called again and again by a thread at work: every now and then, it sleeps for a moment.

    Python takes the interpreter from a thread after 5 ms and no sooner, and an event loop asks for it twice
    until a task goes on: beside a thread that never sleeps, all that a loop does would take 10 ms.
    """

    def __init__(self) -> None:
        self._end = time.monotonic() + WORK

    def __call__(self) -> None:
        """Sleep, if the last sleep is long enough ago."""
        if time.monotonic() > self._end:
            time.sleep(PAUSE)
            self._end = time.monotonic() + WORK

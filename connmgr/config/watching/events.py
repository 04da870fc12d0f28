"""The one door to watchfiles: hear from the operating system which names in a directory change."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from watchfiles import Change

STEP: Final = 0.05
"""Seconds between two looks of watchfiles at what the system told it; it hands that on after one or two."""


class Events:
    """Calls `hear` with the name of whatever changes in `root`, from a thread of its own, until stopped.

    An empty name says that the directory itself went away. `error` is why nothing is heard any more, if an
    error is the reason.
    """

    def __init__(self, root: str, hear: Callable[[str], None]) -> None:
        self.error: Exception | None = None
        self._root = root
        self._hear = hear
        self._is_stopped = False
        self._stands = threading.Event()
        # No daemon: releases before 1.3 crash an interpreter that ends while their thread lives. The
        # interpreter waits for this one, which ends by itself, within a step or two of the main thread's end.
        self._thread = threading.Thread(target=self._run, name="connmgr-watch-events", daemon=False)

    def start(self) -> None:
        """Begin. It takes a moment until it `stands`: a second, where libraries load slowly."""
        try:
            self._thread.start()
        except RuntimeError as error:  # no thread is to be had
            self.error = error

    def is_alive(self) -> bool:
        """Whether changes are heard, or will be."""
        return self.error is None and self._thread.is_alive()

    def stands(self) -> bool:
        """Whether everything that happens from now on is heard."""
        return self._stands.is_set() and self.is_alive()

    def stop(self, within: float) -> None:
        """End the thread. What it was about to tell is lost."""
        self._is_stopped = True
        if self._thread.is_alive():
            self._thread.join(within)

    def is_set(self) -> bool:
        """Tell watchfiles whether to end. It asks at each step, for the first time when the watch stands."""
        self._stands.set()
        return self._is_stopped or not threading.main_thread().is_alive()

    def _run(self) -> None:
        try:
            self._listen()
        except Exception as error:  # noqa: BLE001 - whatever it is, the owner goes on without events, and says why
            self.error = error

    def _listen(self) -> None:
        from watchfiles import watch  # takes 50 ms, and few programs watch

        # Every argument is said, or variables of the environment (`WATCHFILES_…`) would decide. No time-out:
        # at its end watchfiles forgets what came in that instant. The names are taken in the filter, which
        # lets none through: of what it does, watchfiles logs a line for each batch.
        for _ in watch(
            self._root,
            watch_filter=self._take,
            debounce=int(STEP * 1000),
            step=int(STEP * 1000),
            stop_event=self,
            rust_timeout=0,
            yield_on_timeout=False,
            debug=False,
            raise_interrupt=False,
            force_polling=False,
            recursive=False,
            ignore_permission_denied=False,
        ):
            pass

    def _take(self, change: Change, path: str) -> bool:
        if path != self._root:
            self._hear(os.path.basename(path))  # noqa: PTH119 - ten thousand at a time
        elif change.name == "deleted":
            self._hear("")
        return False

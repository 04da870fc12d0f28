"""Look out for changes of the profile files of a directory, from a thread of its own.

Events tell of a change in the directory soon, also among ten thousand files, and of nothing else: not of a
directory that takes the place of the watched one, not of what links lead to; and some file systems have
none. So beside them are glances (at the directory itself and at links) and looks (at every file).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final, Protocol

from connmgr import logs
from connmgr.config.watching.events import STEP
from connmgr.config.watching.hearing import Hearing
from connmgr.config.watching.pace import Pace
from connmgr.config.watching.seen import Found, Seen
from connmgr.config.watching.snapshot import matters, take

GLANCE: Final = 0.25
"""Seconds from one glance to the next."""

MOVING: Final = 0.05
"""Seconds from one glance to the next while a file changes: how short a pause of a writer shows."""

LOOK: Final = 0.5
"""Seconds from one look to the next."""

EAGER: Final = 0.1
"""The share of one processor for glances, and for looks when there is something to see."""

IDLE: Final = 0.005
"""The share of one processor for looks when events tell of everything, as far as anybody knows."""


class Owner(Protocol):
    """Who is told, in the lookout's thread."""

    def is_waiting(self) -> bool:
        """Whether there is anybody to be told."""
        ...

    def ready(self) -> None:
        """Hear that from now on every change is told."""
        ...

    def changed(self) -> None:
        """Hear that something changed."""
        ...

    def ended(self) -> None:
        """Hear that the lookout is over."""
        ...


class Lookout:
    """Tells `owner` of changes from `start` until `stop`, or until nobody waits."""

    def __init__(self, root: str, owner: Owner) -> None:
        self._root = root
        self._owner = owner
        self._is_stopped = False
        self._names: SimpleQueue[str | None] = SimpleQueue()
        self._hearing = Hearing(root, self._hear)
        self._glances, self._looks = Pace(), Pace()
        self._said: set[type[Exception]] = set()
        # A daemon, or the interpreter would wait for a file system that hangs.
        self._thread = threading.Thread(target=self._run, name="connmgr-watch", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Ask for the end."""
        self._is_stopped = True
        self._names.put(None)

    def _hear(self, name: str) -> None:
        """Take a name from the thread of the events."""
        if matters(name):
            # At once: a look at ten thousand files in a busy process can take seconds.
            self._owner.changed()
        if not name or matters(name):
            self._names.put(name)

    def _run(self) -> None:
        try:
            seen = Seen(self._root, take(self._root))
            self._owner.ready()
            while not self._is_stopped and self._owner.is_waiting():
                self._turn_safely(seen)
        finally:
            self._hearing.end()
            self._owner.ended()

    def _turn_safely(self, seen: Seen) -> None:
        try:
            self._turn(seen)
        except Exception as error:  # noqa: BLE001 - whatever it is, from then on nobody would watch the files
            self._say(error)
            self._heard_within(LOOK)

    def _turn(self, seen: Seen) -> None:
        if self._see(seen):
            self._owner.changed()
        # After the events have begun, and not before: what happened until then only this look can tell.
        if self._hearing.attend(seen.place, is_there=seen.is_there) and self._look(seen):
            self._owner.changed()
        self._take_note(seen, self._heard_within(self._until(seen) - time.monotonic()))
        self._hearing.judge()

    def _see(self, seen: Seen) -> Found:
        now = time.monotonic()
        if now >= self._next_look(seen):
            found = self._look(seen)
            if self._hearing.tells():
                self._hearing.missed(found.audible)
            return found
        return _timed(self._glances, seen.glance) if now >= self._next_glance(seen) else Found()

    def _look(self, seen: Seen) -> Found:
        found = _timed(self._looks, seen.look)
        heard = self._heard_within(0.0)
        self._take_note(seen, heard)
        return found.without(heard)

    def _take_note(self, seen: Seen, heard: set[str]) -> None:
        seen.hear(heard - {""})
        self._hearing.heard(heard)
        if "" in heard:
            # Soon, so that the end of the directory is told together with those of its files.
            self._glances = Pace()

    def _until(self, seen: Seen) -> float:
        until = min(self._next_look(seen), self._next_glance(seen))
        return min(until, time.monotonic() + STEP) if self._hearing.is_beginning() else until

    def _next_look(self, seen: Seen) -> float:
        is_eager = seen.is_stale or not self._hearing.tells()
        return self._looks.due(EAGER if is_eager else IDLE, LOOK)

    def _next_glance(self, seen: Seen) -> float:
        return self._glances.due(EAGER, MOVING if seen.is_moving else GLANCE)

    def _heard_within(self, seconds: float) -> set[str]:
        """Return what was heard, waiting for something so long at most."""
        heard = set()
        with suppress(Empty):
            heard.add(self._names.get(timeout=max(seconds, 0.0)))
            while True:
                heard.add(self._names.get_nowait())
        return {name for name in heard if name is not None}

    def _say(self, error: Exception) -> None:
        if type(error) not in self._said:
            self._said.add(type(error))
            message = "watching profile files met an error, and goes on"
            logs.event("ERROR", message, directory=self._root, error=repr(error))


def _timed(pace: Pace, see: Callable[[], Found]) -> Found:
    begin = time.thread_time()
    found = see()
    pace.saw(time.monotonic(), time.thread_time() - begin)
    return found

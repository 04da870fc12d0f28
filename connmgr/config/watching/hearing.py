"""Events about a directory, as far as they can be had, and whether they can be relied upon."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Final

from connmgr import logs
from connmgr.config.watching.events import Events
from connmgr.config.watching.snapshot import place_of

RETRY: Final = 30.0
"""Seconds until events that could not be had are asked for again."""

PATIENCE: Final = 0.5
"""Seconds that events may take to end."""

UNHEARD: Final = 1.0
"""Seconds after which no event will tell of a change that a look found."""


class Hearing:
    """Begins and ends the events, and begins them anew when another directory takes the place.

    Says once for each reason why there are none.
    """

    def __init__(self, root: str, hear: Callable[[str], None]) -> None:
        self._root = root
        self._hear = hear
        self._events: Events | None = None
        self._stands = False
        self._place: tuple[int, ...] = ()
        self._retry = 0.0
        self._is_deaf = False
        self._missed: dict[str, float] = {}
        self._said: set[str] = set()

    def tells(self) -> bool:
        """Whether events tell of every change of a file in the directory."""
        return self._stands and not self._is_deaf and self._events is not None and self._events.is_alive()

    def is_beginning(self) -> bool:
        """Whether events will tell of every change in a moment."""
        return self._events is not None and not self._stands

    def attend(self, place: tuple[int, ...], *, is_there: bool) -> bool:
        """Hear of the directory at `place`. Whether that begins now: what went before was not heard."""
        events = self._events
        if events is not None and not (is_there and place == self._place and events.is_alive()):
            self._give_up(events)
        if is_there and self._events is None and time.monotonic() >= self._retry:
            self._begin(place)
        return not self._stands and self._is_standing()

    def heard(self, names: Collection[str]) -> None:
        """Take note of names of which an event told; an empty one says that the directory went away."""
        for name in names:
            self._missed.pop(name, None)
        if "" in names:
            # A new directory may have the number of the old one, and nothing in it would be heard.
            self._place = ()
            self._missed.clear()

    def missed(self, names: Collection[str]) -> None:
        """Take note of files that a look found changed, and of which no event has told yet."""
        now = time.monotonic()
        for name in names:
            self._missed.setdefault(name, now)

    def judge(self) -> None:
        """Rely on events no more when one has been missing for too long."""
        if self._missed and min(self._missed.values()) < time.monotonic() - UNHEARD:
            self._missed.clear()
            self._is_deaf = True
            self._say("a file changed without an event, as on network file systems")

    def end(self) -> None:
        """Hear no more."""
        events, self._events = self._events, None
        self._place, self._stands, self._is_deaf = (), False, False
        self._missed.clear()
        if events is not None:
            events.stop(PATIENCE)

    def _begin(self, place: tuple[int, ...]) -> None:
        self._events = Events(self._root, self._hear)
        self._place = place
        self._events.start()

    def _is_standing(self) -> bool:
        if self._events is None or not self._events.stands():
            return False
        self._stands = True
        # Swapped meanwhile, nobody knows which of the two is heard: begin once more at the next turn.
        if place_of(self._root)[0] != self._place:
            self._place = ()
        return True

    def _give_up(self, events: Events) -> None:
        error, is_over = events.error, not events.is_alive()
        self.end()
        # Gone in this moment: the next glance sees that.
        if is_over and not isinstance(error, FileNotFoundError | NotADirectoryError):
            self._retry = time.monotonic() + RETRY
            self._say(str(error) if error else "the main thread has ended")

    def _say(self, reason: str) -> None:
        if reason in self._said:
            return
        self._said.add(reason)
        message = "profile files are watched without events, by a look at them about twice a second"
        logs.event("WARNING", message, directory=self._root, reason=reason)

"""What was last seen of a directory, and what has changed since."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from connmgr.config.watching.snapshot import (
    Snapshot,
    Stamp,
    differing,
    is_same_content,
    place_of,
    stamps,
    take,
)

MOVING: Final = 0.5
"""Seconds that a file counts as moving after a change."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a look found: whether another directory stands there, and which files differ.

    `audible` are those files of which an event tells, if any event does.
    """

    is_elsewhere: bool = False
    names: frozenset[str] = frozenset()
    audible: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return self.is_elsewhere or bool(self.names)

    def without(self, names: Collection[str]) -> Found:
        """Return this without some files, of which an event told meanwhile."""
        return Found(self.is_elsewhere, self.names.difference(names), self.audible.difference(names))


class Seen:
    """Compares the directory with what it was at the last look, `now` at first, and remembers what it is."""

    def __init__(self, root: str, now: Snapshot) -> None:
        self._root = root
        self.place = now.place
        self.is_there = now.is_there
        self._modified = now.modified
        self._files = now.files
        self._links = now.links
        self._moving: frozenset[str] = frozenset()
        self._moved = 0.0
        self.is_stale = False

    @property
    def is_moving(self) -> bool:
        """Whether a file changed just now, and may not be whole."""
        return bool(self._moving) and time.monotonic() < self._moved + MOVING

    def look(self) -> Found:
        """Look at every file."""
        now = take(self._root)
        names = differing(self._files, now.files)
        links = self._links | now.links
        audible = [name for name in names - links if self._is_audible(name, now.files.get(name))]
        if now.place == self.place:
            found = Found(names=frozenset(names), audible=frozenset(audible))
        else:
            found = Found(is_elsewhere=True, names=frozenset(names))
        self.place, self.is_there, self._modified = now.place, now.is_there, now.modified
        self._files, self._links = now.files, now.links
        self.is_stale = False
        self._note(found.names)
        return found

    def glance(self) -> Found:
        """Look at what no event tells of, and what changed just now; `is_stale` if there is more."""
        place, modified = place_of(self._root)
        if place != self.place:
            return self.look()
        self.is_stale |= modified != self._modified
        names = self._links | self._moving if self.is_moving else self._links
        found = Found(names=frozenset(self._restamp(names)))
        self._note(found.names)
        return found

    def hear(self, names: Collection[str]) -> None:
        """Take note of files of whose change an event told, so that no look finds it once more."""
        # A file that came or went: it may be a link, which only a look can tell.
        self.is_stale |= any(self._files.get(name) is None for name in names)
        self._restamp(names)

    def _restamp(self, names: Collection[str]) -> set[str]:
        now = stamps(self._root, names)
        changed = {name for name, stamp in now.items() if self._files.get(name) != stamp}
        self._files.update(now)
        return changed

    def _note(self, names: frozenset[str]) -> None:
        if names:
            self._moving, self._moved = names, time.monotonic()

    def _is_audible(self, name: str, stamp: Stamp) -> bool:
        return not is_same_content(self._files.get(name), stamp)

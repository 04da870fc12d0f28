"""Walk the keys of a document along paths that were walked before.

Ten thousand profiles have the same hundred paths. Each is made once, with the text of its key, and all
documents share it: that is most of what their places would cost in time and in memory.
"""

from __future__ import annotations

from itertools import count
from typing import Final

from connmgr.config.paths import Path, is_word
from connmgr.config.scalars import NotANumber, resolve

# What is not kept is made anew each time: what a process keeps must not grow with the files it has seen,
# and the names of a shared file's profiles must not take the place of settings.
_MOST_KEPT: Final = 4096
_MOST_BESIDE: Final = 128
_made: Final = count()


class Trail:
    """A path, and the paths one key further that were met so far."""

    __slots__ = ("below", "key", "path")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.key = path[-1] if path else ""
        self.below: dict[str, Trail] = {}

    def step(self, key: str) -> Trail | None:
        """Return the trail one key further; None when the key, without quotes, names nothing."""
        if (known := self.below.get(key)) is not None:
            return known
        if not _is_name(key):
            return None
        return self._keep(key, Trail((*self.path, key)))

    def item(self, index: int) -> Trail:
        """Return the trail of an item of the list here."""
        key = str(index)
        return self.below.get(key) or self._keep(key, Trail((*self.path, key)))

    def _keep(self, key: str, further: Trail) -> Trail:
        if len(self.below) < _MOST_BESIDE and next(_made) < _MOST_KEPT:
            self.below[key] = further
        return further


ROOT: Final = Trail(())


def _is_name(key: str) -> bool:
    try:
        return is_word(key) and isinstance(resolve(key), str)
    except NotANumber:
        return False

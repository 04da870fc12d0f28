"""The profiles of a directory, read again and again: what did not change stays what it was."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from operator import is_
from pathlib import Path
from types import MappingProxyType

from connmgr.config.library import Library
from connmgr.config.loader import LoadResult, as_names, go_on, load, unlisted
from connmgr.config.making import Made
from connmgr.config.rereading import Reading, Rereading
from connmgr.config.turns import Turns
from connmgr.profile import Profile


class ProfileDirectory:
    """The profile files of one directory, read again only where they changed.

    One `read` at a time, in any thread: the caller sees to it, for there is no lock. In another thread than
    the main one it sleeps a moment for every one of work, so that an event loop goes on beside it. It keeps
    what the files said, and no text of them; a file that it could not read is tried again each time.
    """

    def __init__(self, directory: str | Path, names: Iterable[str] | None = None) -> None:
        self.path = str(Path(directory))
        self.names = as_names(names)
        self._key = os.urandom(32)
        self._readings: Mapping[str, Reading] = MappingProxyType({})
        self._made: dict[str, Made] = {}
        self._result: LoadResult | None = None

    def read(self) -> LoadResult:
        """Return what `load_profiles` would, which reads everything; never raises for what is wrong with it.

        A profile is the same object as in the result before, as long as its file and those of its bases
        hold the same bytes; so is the whole result, as long as nothing changed. Nor does what a directory
        held change while it cannot be listed. What is no file's to say, such as a current directory that
        is gone, counts as it was when the file was read.
        """
        result = self._look()
        if self._result is None or not _is_same(result, self._result):
            self._result = result
        return self._result

    def _look(self) -> LoadResult:
        read = Rereading(self._readings, self._key)
        try:
            library = Library(self.path, read)
        except (OSError, ValueError) as error:
            return unlisted(self.path, error)
        result = load(library, self.names, self._made, _between())
        self._readings = read.readings
        return result


def _between() -> Callable[[], None]:
    # The main thread has nobody to wait for: an event loop is there, or is not running yet.
    return go_on if threading.current_thread() is threading.main_thread() else Turns()


def _is_same(one: LoadResult, other: LoadResult) -> bool:
    """Whether two results have the same profiles, not only equal ones: places may differ in those."""
    return (
        _are_same(one.profiles, other.profiles)
        and one.registry is other.registry
        and (one.problems, one.warnings, one.broken) == (other.problems, other.warnings, other.broken)
    )


def _are_same(one: Mapping[str, Profile], other: Mapping[str, Profile]) -> bool:
    return len(one) == len(other) and all(map(is_, one.values(), other.values())) and [*one] == [*other]

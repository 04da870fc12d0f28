"""The profiles of a directory, read again and again: what did not change stays what it was."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from operator import is_
from pathlib import Path
from types import MappingProxyType

from connmgr.config.files import Listing, list_files
from connmgr.config.library import Library
from connmgr.config.loader import LoadResult, as_names, go_on, load, unlisted
from connmgr.config.making import Made
from connmgr.config.rereading import Reading, Rereading
from connmgr.config.turns import Turns
from connmgr.profile import Profile


class ProfileDirectory:
    """The profile files of one directory, read again only where they changed.

    One `read` at a time, in any thread; the caller sees to that, for there is no lock. In another thread
    than the main one it sleeps now and then, so that an event loop goes on beside it. What the files said is
    kept, and of their text a digest alone.
    """

    def __init__(self, directory: str | Path, names: Iterable[str] | None = None) -> None:
        self.path = str(Path(directory))
        self.names = as_names(names)
        self._key = os.urandom(32)
        self._listing: Listing | None = None
        self._readings: Mapping[str, Reading] = MappingProxyType({})
        self._made: dict[str, Made] = {}
        self._result: LoadResult | None = None

    def read(self) -> LoadResult:
        """Return what `load_profiles` would, which reads everything; never raises for what is wrong with it.

        A profile is the same object as in the result before, as long as its file and those of its bases
        hold the same bytes, and so it is after a time in which the directory could not be listed. The result
        is the same object as long as nothing changed. A file that cannot be read is tried again each time.
        What is not in files, such as whether there is a current directory for a relative path, counts as it
        was when the profile was made.
        """
        result = self._look()
        if self._result is None or not _is_same(result, self._result):
            self._result = result
        return self._result

    def _look(self) -> LoadResult:
        try:
            self._listing = list_files(self.path, self._listing)
        except (OSError, ValueError) as error:
            return unlisted(self.path, error)
        read = Rereading(self._readings, self._key)
        result = load(Library(self._listing, read), self.names, self._made, _between())
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

"""The entries of one directory by name, each file read once and when it is asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from connmgr.config.document import Document
from connmgr.config.entry import Entry, single
from connmgr.config.files import REGISTRY, is_base, is_name, list_files, misnamed, read_file, shown
from connmgr.config.paths import dotted
from connmgr.config.schema import showable_keys
from connmgr.config.source import read
from connmgr.problem import Code, Problem

if TYPE_CHECKING:
    from connmgr.config.registry_file import RegistryFile
    from connmgr.config.shared import SharedFile

T = TypeVar("T")


class ReadFile(Protocol):
    """Reads and parses a file, or remembers what came of it."""

    def __call__(self, path: str, parse: Callable[[bytes | Problem], T], given: object = None, /) -> T:
        """Return what `parse` makes of the file's bytes, or of why it cannot be read.

        `given` is all that `parse` goes by beside the file: with another, it is asked anew.
        """
        ...


def read_anew(path: str, parse: Callable[[bytes | Problem], T], given: object = None) -> T:
    """Read and parse a file."""
    return parse(read_file(path))


class Library:
    """Reads the shared files at once, for any name may stand there, and the others when asked.

    `problems` are those of what was asked for, and of shared files as a whole.

    Raises:
        OSError: the directory cannot be read.
        ValueError: no directory could have that name.
    """

    def __init__(self, root: str, read: ReadFile = read_anew) -> None:
        self.root = root
        self._listing = list_files(root)
        self._read = read
        self._showable = showable_keys()
        self._shared: defaultdict[str, list[Entry]] = defaultdict(list)
        self._found: dict[str, Entry] = {}
        self.problems: list[Problem] = []
        self.has_unreadable_shared = False
        for path in self._listing.shared():
            self._read_shared(path)

    def names(self) -> set[str]:
        """Return every name, of bases too, fit or not."""
        return (self._listing.stems() - {REGISTRY}) | {
            name for name in self._shared if is_name(name.removeprefix("_"))
        }

    def registry(self) -> RegistryFile | None:
        """Return what is said of all profiles together, if anything is."""
        if not self._listing.single(REGISTRY):
            return None
        from connmgr.config.registry_check import Names  # most directories have none
        from connmgr.config.registry_file import registry_file

        names = self.names()
        profiles = {name for name in names if is_name(name)}
        known = Names(profiles, names - profiles, is_complete=not self.has_unreadable_shared)
        file, problems = registry_file(self._listing, known, self._read)
        self.problems += problems
        return file

    def check_rest(self) -> None:
        """Look for what no name leads to: defaults that no profile uses, endings in capitals."""
        self.problems += self._listing.in_capitals()
        for name in self._shared:
            self.find(name)

    def find(self, name: str) -> Entry | None:
        """Return the entry of a name; None when no file has it.

        The entry of a name that stands in two places is broken: which is meant nobody can tell.
        """
        if name not in self._found:
            paths = self._listing.single(name) if name != REGISTRY else []
            entries = [self._read(path, partial(self._single, name, path)) for path in paths]
            if name in self._shared:
                entries += self._shared[name]
            if not entries:
                return None
            self._found[name] = self._one_of(entries)
        return self._found[name]

    def _one_of(self, entries: list[Entry]) -> Entry:
        first, *others = entries
        for entry in entries:
            self.problems += entry.problems
        for other in others:
            self.problems.append(_twice(first, other))
        return replace(first, is_broken=True) if others else first

    def _single(self, name: str, path: str, data: bytes | Problem) -> Entry:
        entry = single(name, shown(path), self._document(path, data))
        if is_name(name.removeprefix("_")):
            return entry
        return replace(entry, problems=(misnamed(path), *entry.problems), is_broken=True)

    def _read_shared(self, path: str) -> None:
        stem = path.rpartition(".")[0].removesuffix(".profiles")
        file = self._read(path, partial(self._several, path))
        self.problems += file.problems
        for entry in file.entries:
            self._shared[entry.name].append(entry)
        self.has_unreadable_shared |= bool(file.problems) and not file.entries
        if not is_name(Path(stem).name):
            self.problems.append(misnamed(path))

    def _several(self, path: str, data: bytes | Problem) -> SharedFile:
        from connmgr.config.shared import shared  # most directories have no such file

        return shared(shown(path), self._document(path, data))

    def _document(self, path: str, data: bytes | Problem) -> Document:
        if isinstance(data, Problem):
            return Document(None, problems=(data,))
        return read(data, shown(path), self._showable)


def _twice(first: Entry, other: Entry) -> Problem:
    what = "base" if is_base(first.name) else "profile"
    if first.within or other.within:
        here, there = (f"{entry.place.file}:{entry.place.line}" for entry in (first, other))
        found = f"two entries for one {what}, {first.name}: {here} and {there}"
    else:
        here, there = (Path(entry.place.file).name for entry in (first, other))
        found = f"two files for one {what}: {here} and {there}"
    hint = "delete or rename the other"
    return Problem(other.place, dotted(other.within), found, "one of them", hint, code=Code.NAME_TWICE)

"""The entries of one directory by name, each file read once and when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connmgr.config.document import Document
from connmgr.config.entry import Entry, single
from connmgr.config.files import list_files, read_file, shown
from connmgr.config.schema import showable_keys
from connmgr.config.shared import shared
from connmgr.config.source import read
from connmgr.problem import Code, Place, Problem


class Library:
    """Reads the shared files at once, for any name may stand there, and the others when asked.

    `problems` are those of what was read so far, `doubled` the names that stand in two places: which of
    them is meant nobody can tell, so neither is given out.

    Raises:
        OSError: the directory cannot be read.
        ValueError: no directory could have that name.
    """

    def __init__(self, root: str) -> None:
        listing = list_files(root)
        self.problems = listing.problems
        self.doubled: set[str] = set()
        self._paths = listing.single
        self._entries: dict[str, Entry] = {}
        for path in listing.shared:
            self._read_shared(path)
        self._check_doubled_files()
        self.is_empty = not (self._paths or listing.shared or listing.problems)

    def names(self) -> Iterator[str]:
        """Yield every name, of bases too."""
        yield from dict.fromkeys((*self._paths, *self._entries, *self.doubled))

    def entries(self) -> Iterator[Entry]:
        """Yield every entry."""
        return self.named((*self._paths, *self._entries))

    def named(self, names: Iterable[str]) -> Iterator[Entry]:
        """Yield the entries of these names, those that no file has left out."""
        for name in dict.fromkeys(names):
            entry = self.find(name)
            if entry is not None:
                yield entry

    def find(self, name: str) -> Entry | None:
        """Return the entry of a name; None when no file has it."""
        if name in self._entries:
            return self._entries[name]
        if name not in self._paths:
            return None
        path = self._paths[name][0]
        entry, problems = single(name, shown(path), self._read(path))
        self.problems += problems
        self._entries[name] = entry
        return entry

    def _read_shared(self, path: str) -> None:
        entries, problems = shared(shown(path), self._read(path))
        self.problems += problems
        for entry in entries:
            self._enter(entry)

    def _enter(self, entry: Entry) -> None:
        here = self._entries.get(entry.name)
        first = here.place if here else None
        if first is None and entry.name in self._paths:
            first = Place(shown(self._paths[entry.name][0]))
        if first is None:
            self._entries[entry.name] = entry
        else:
            self._twice(entry.name, first, entry.place)

    def _check_doubled_files(self) -> None:
        for name, paths in self._paths.items():
            for path in paths[1:]:
                self._twice(name, Place(shown(paths[0])), Place(shown(path)))
        for name in self.doubled:
            self._paths.pop(name, None)
            self._entries.pop(name, None)

    def _twice(self, name: str, first: Place, second: Place) -> None:
        self.doubled.add(name)
        found = f"{name} stands here and in {first.file}:{first.line}"
        hint = "delete or rename one of them"
        self.problems.append(Problem(second, "", found, "a name once", hint, code=Code.NAME_TWICE))

    def _read(self, path: str) -> Document:
        data = read_file(path)
        if isinstance(data, Problem):
            return Document(None, problems=(data,))
        return read(data, shown(path), showable_keys())

"""The entries of one directory by name, each file read once and when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connmgr.config.document import Document
from connmgr.config.entry import Entry, make, single
from connmgr.config.files import Directory, is_name, read_file, shown
from connmgr.config.schema import showable_keys
from connmgr.config.shared import shared
from connmgr.config.source import read
from connmgr.problem import Code, Place, Problem


class Library:
    """Reads the shared files at once, for any name may stand there, and the others when asked.

    `problems` are those of what was read so far. A name that stands in two places is given out by
    neither: which of them is meant nobody can tell.

    Raises:
        OSError: the directory cannot be read.
        ValueError: no directory could have that name.
    """

    def __init__(self, root: str) -> None:
        self.problems: list[Problem] = []
        self._directory = Directory(root)
        self._entries: dict[str, Entry] = {}
        for path in self._directory.shared():
            entries, problems = shared(shown(path), self._read(path))
            self.problems += problems
            for entry in entries:
                self._enter(entry)

    @property
    def is_empty(self) -> bool:
        """Whether the directory has no file that looks like a profile's."""
        return self._directory.is_empty

    def names(self) -> list[str]:
        """Return every name, of bases too."""
        return sorted({*self._directory.names(), *self._entries})

    def entries(self) -> Iterator[Entry]:
        """Yield every entry; files with a name that none may have are problems."""
        self.problems += self._directory.misfits()
        return self.named(self.names())

    def named(self, names: Iterable[str]) -> Iterator[Entry]:
        """Yield the entries of these names, those that no file has left out."""
        for name in dict.fromkeys(names):
            entry = self.find(name)
            if entry is not None:
                yield entry

    def find(self, name: str) -> Entry | None:
        """Return the entry of a name, a broken one when it stands in two places; None when no file has it."""
        if name not in self._entries:
            paths = self._directory.single(name) if is_name(name.removeprefix("_")) else []
            if not paths:
                return None
            entry, problems = single(name, shown(paths[0]), self._read(paths[0]))
            self.problems += problems
            self._entries[name] = entry
            for other in paths[1:]:
                self._twice(name, Place(shown(other)))
        return self._entries[name]

    def _enter(self, entry: Entry) -> None:
        for path in self._directory.single(entry.name):
            self._entries.setdefault(entry.name, _broken(entry.name, Place(shown(path))))
        if entry.name in self._entries:
            self._twice(entry.name, entry.place)
        else:
            self._entries[entry.name] = entry

    def _twice(self, name: str, second: Place) -> None:
        first = self._entries[name].place
        found = f"{name} stands here and in {first.file}:{first.line}"
        hint = "delete or rename one of them"
        self.problems.append(Problem(second, "", found, "a name once", hint, code=Code.NAME_TWICE))
        self._entries[name] = _broken(name, first)

    def _read(self, path: str) -> Document:
        data = read_file(path)
        if isinstance(data, Problem):
            return Document(None, problems=(data,))
        return read(data, shown(path), showable_keys())


def _broken(name: str, place: Place) -> Entry:
    return make(name, place, Document(None), broken=True)

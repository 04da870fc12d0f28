"""Where the values of a document stand: one number a path, and a `Place` only when it is asked for.

Nearly every place is never asked for, and among ten thousand profiles those would fill the memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Final

from connmgr.config.paths import Path
from connmgr.problem import Place

# A file of one mebibyte has no longer line.
_COLUMN_BITS: Final = 21
_COLUMN: Final = (1 << _COLUMN_BITS) - 1


def pack(line: int, column: int) -> int:
    """Return a place as one number; here lines and columns count from 0, as PyYAML's marks do."""
    return line << _COLUMN_BITS | column


def unpack(packed: int, file: str) -> Place:
    """Return the place in `file` that a number stands for."""
    return Place(file, (packed >> _COLUMN_BITS) + 1, (packed & _COLUMN) + 1)


class Places(Mapping[Path, Place]):
    """The places of one file's paths by path, read-only; `below` has those of the files it extends.

    A path that this file does not have is looked up in `below`, from the last to the first.
    """

    __slots__ = ("_below", "_file", "_packed")

    def __init__(self, file: str, packed: dict[Path, int], below: tuple[Places, ...] = ()) -> None:
        self._file = file
        self._packed = packed
        self._below = below

    def __getitem__(self, path: Path) -> Place:
        packed = self._packed.get(path)
        if packed is not None:
            return unpack(packed, self._file)
        for places in reversed(self._below):
            if path in places:
                return places[path]
        raise KeyError(path)

    def __contains__(self, path: object) -> bool:
        return path in self._packed or any(path in places for places in self._below)

    def __iter__(self) -> Iterator[Path]:
        return iter(dict.fromkeys(chain(self._packed, *self._below)))

    def __len__(self) -> int:
        return len(dict.fromkeys(self)) if self._below else len(self._packed)

    def over(self, below: tuple[Places, ...]) -> Places:
        """Return these places with others below, of which the last has the first word."""
        return Places(self._file, self._packed, below)

    def split(self, prefix: Path) -> dict[str, Places]:
        """Return the places under each key below `prefix`, by that key; their paths begin after it.

        The place of the key's own value has the empty path. One pass over the file's own places.
        """
        start = len(prefix)
        parts: dict[str, dict[Path, int]] = {}
        for path, packed in self._packed.items():
            if len(path) > start and path[:start] == prefix:
                parts.setdefault(path[start], {})[path[start + 1 :]] = packed
        return {key: Places(self._file, part) for key, part in parts.items()}

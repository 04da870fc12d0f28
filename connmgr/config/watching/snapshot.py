"""What stands in a directory at one moment, to be compared with what stood there before."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from connmgr.config.files import ENDINGS

Stamp: TypeAlias = tuple[int, ...] | None
"""Changes with a file, or with what a link leads to; None when there is nothing."""

_IDENTITY: Final = 2
_CONTENT: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The profile files of a directory by name, and which of them are links.

    `place` tells one directory from another of the same path, or by its only number why it cannot be listed.
    `modified` changes when a name comes, goes, or changes hands.
    """

    place: tuple[int, ...]
    modified: int
    files: dict[str, Stamp]
    links: frozenset[str]

    @property
    def is_there(self) -> bool:
        """Whether there is a directory that can be listed."""
        return len(self.place) == _IDENTITY


def matters(name: str) -> bool:
    """Whether a name is that of a profile file. Those that editors make beside them are not."""
    return name.endswith(ENDINGS) and name[0] != "."


def take(root: str) -> Snapshot:
    """Look at the whole directory."""
    # Before the list: a directory that changes, or is swapped, in between shows at the next glance.
    place, modified = place_of(root)
    files: dict[str, Stamp] = {}
    links = set()
    try:
        with os.scandir(root) as entries:
            for entry in entries:
                if matters(entry.name):
                    # Not by what the entry knows: on Windows that lacks the numbers that a path has.
                    files[entry.name] = _of_path(entry.path)
                    if entry.is_symlink():
                        links.add(entry.name)
    except (OSError, ValueError) as error:
        return Snapshot(_why(error), modified, {}, frozenset())
    return Snapshot(place, modified, files, frozenset(links))


def place_of(root: str) -> tuple[tuple[int, ...], int]:
    """Return the place and the time of change of the directory to which its path leads now."""
    try:
        status = os.stat(root)  # noqa: PTH116 - a path object each time is what would cost here
    except (OSError, ValueError) as error:
        return _why(error), 0
    return (status.st_dev, status.st_ino), status.st_mtime_ns


def stamps(root: str, names: Iterable[str]) -> dict[str, Stamp]:
    """Return the stamps of some files."""
    return {name: _of_path(os.path.join(root, name)) for name in names}  # noqa: PTH118 - for the same reason


def differing(before: dict[str, Stamp], now: dict[str, Stamp]) -> set[str]:
    """Return the names of the files that came, went or changed."""
    if before == now:
        return set()
    return {name for name in before.keys() | now.keys() if before.get(name) != now.get(name)}


def is_same_content(one: Stamp, other: Stamp) -> bool:
    """Whether two stamps differ by no more than rights, links or owner, of which no event need tell."""
    if one is None or other is None:
        return one is other
    return one[:_CONTENT] == other[:_CONTENT]


def _of_path(path: str) -> Stamp:
    try:
        return _stamp(os.stat(path))  # noqa: PTH116 - for the same reason
    except OSError:
        return None


def _stamp(status: os.stat_result) -> Stamp:
    # The last time is that of any change, rights and a restored time of modification included.
    return (
        status.st_dev,
        status.st_ino,
        status.st_mtime_ns,
        status.st_size,
        status.st_mode,
        status.st_ctime_ns,
    )


def _why(error: OSError | ValueError) -> tuple[int, ...]:
    return (getattr(error, "errno", None) or 0,)

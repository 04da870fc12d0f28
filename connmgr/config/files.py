"""The profile files of a directory: which there are, and the bytes of one."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from connmgr.config.encoding import LARGEST_FILE
from connmgr.problem import Code, Place, Problem

ENDINGS: Final = (".yaml", ".yml")
SHARED: Final = ".profiles"
REGISTRY: Final = "_registry"
"""The file about all profiles; none of them, and no base."""

_SHARED_ENDINGS: Final = tuple(SHARED + ending for ending in ENDINGS)
# Windows takes the names before the bar for devices, whatever their ending.
_NAME: Final = re.compile(
    r"(?!(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])\Z)[A-Za-z][A-Za-z0-9_-]{0,62}", re.ASCII
)
# Without waiting: opening a FIFO would wait for a writer for ever. And never as the process's own terminal,
# whose keys would then send it signals.
_FLAGS: Final = os.O_RDONLY | sum(
    getattr(os, flag, 0) for flag in ("O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY")
)
_ANY_PROFILES: Final = "a directory with profile files (*.yaml)"
_START: Final = "connmgr init DIR writes three to start from"


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """The names in a directory that no dot hides; which of them are profile files, they say themselves."""

    root: str
    names: frozenset[str] = field(repr=False)

    def path(self, name: str) -> str:
        """Return the path of a file."""
        return name if self.root == os.curdir else os.path.join(self.root, name)  # noqa: PTH118

    def stems(self) -> set[str]:
        """Return the names of the profiles and bases that have a file of their own, fit or not."""
        return {
            name.rpartition(".")[0]
            for name in self.names
            if name.endswith(ENDINGS) and not name.endswith(_SHARED_ENDINGS)
        }

    def single(self, stem: str) -> list[str]:
        """Return the paths of the files of one profile or base: one, unless something is wrong."""
        return [self.path(stem + ending) for ending in ENDINGS if stem + ending in self.names]

    def shared(self) -> list[str]:
        """Return the paths of the files of several profiles."""
        found = (name for name in self.names if name.endswith(_SHARED_ENDINGS))
        return [self.path(name) for name in sorted(found)]

    def in_capitals(self) -> Iterator[Problem]:
        """Yield a problem for each file whose ending would be right but for its capitals."""
        for name in self.names:
            if not name.endswith(ENDINGS) and name.lower().endswith(ENDINGS):
                problem = "an ending in capitals", ".yaml or .yml", "rename the file"
                yield Problem(Place(shown(self.path(name))), "", *problem, code=Code.FILE_NAME)


def list_files(root: str) -> Listing:
    """List a directory without a look at any of its files.

    Raises:
        OSError: the directory cannot be read.
        ValueError: no directory could have that name.
    """
    # Not as paths: making one of each of ten thousand names takes longer than reading the profile one wants.
    names = os.listdir(root)  # noqa: PTH208
    return Listing(root, frozenset(name for name in names if name[0] != "."))


def is_name(text: str) -> bool:
    """Whether a profile may have this name."""
    return _NAME.fullmatch(text) is not None


def is_base(name: str) -> bool:
    """Whether a name is that of a base, which is never a profile."""
    return name.startswith("_")


def read_file(path: str) -> bytes | Problem:
    """Return the first bytes of a file, one more than a profile may have; or why it cannot be read."""
    return read_with_status(path)[0]


def read_with_status(path: str) -> tuple[bytes | Problem, os.stat_result | None]:
    """Do what `read_file` does; beside bytes, return the status that the file had before they were read."""
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        return _unreadable(path, error), None
    try:
        status = os.fstat(descriptor)
        if not _is_file(status.st_mode):
            return _no_file(path, status.st_mode), None
        return _bytes(descriptor, status.st_size), status
    except OSError as error:
        return _unreadable(path, error), None
    finally:
        os.close(descriptor)


def _bytes(descriptor: int, size: int) -> bytes:
    data = os.read(descriptor, min(size, LARGEST_FILE) + 1)
    if len(data) == size:
        return data
    # It grew, it has no size to tell, or it comes in pieces.
    while len(data) <= LARGEST_FILE and (more := os.read(descriptor, LARGEST_FILE + 1 - len(data))):
        data += more
    return data


_is_file = stat.S_ISREG


def _no_file(path: str, mode: int) -> Problem:
    kind = (
        "a directory" if stat.S_ISDIR(mode) else "a FIFO" if stat.S_ISFIFO(mode) else "a device or a socket"
    )
    found = f"{kind} with the name of a profile file"
    hint = "rename it, or move it away"
    return Problem(Place(shown(path)), "", found, "a file", hint, code=Code.UNREADABLE)


def _unreadable(path: str, error: OSError) -> Problem:
    place, code = Place(shown(path)), Code.UNREADABLE
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116
    except OSError:
        if os.path.islink(path):  # noqa: PTH114
            found, hint = "a link that leads nowhere", "mend the link, or delete it"
            return Problem(place, "", found, "a file", hint, code=code)
    else:
        # A socket cannot be opened, nor can a directory on Windows.
        if not _is_file(mode):
            return _no_file(path, mode)
    found = f"the file cannot be read: {error.strerror or type(error).__name__}"
    return Problem(place, "", found, "a file that this user may read", code=code)


def misnamed(path: str) -> Problem:
    """Return the problem with a file whose name can name no profile."""
    accepted = "a letter, then up to 62 letters, digits, _ or -, then .yaml; a base begins with _"
    found = "a file name that cannot name a profile"
    return Problem(Place(shown(path)), "", found, accepted, "rename the file", code=Code.FILE_NAME)


def no_files(root: str) -> Problem:
    """Return the problem with a directory that has no profile files."""
    found = "no profile files in the directory"
    return Problem(Place(shown(root)), "", found, _ANY_PROFILES, _START, code=Code.NO_PROFILES)


def no_directory(root: str, error: OSError | ValueError) -> Problem:
    """Return the problem with a directory that cannot be listed."""
    match error:
        case FileNotFoundError():
            found = "there is no such directory"
        case NotADirectoryError():
            found = "a file instead of a directory"
        case OSError():
            found = f"the directory cannot be read: {error.strerror or type(error).__name__}"
        case _:
            found = "no name that a directory could have"
    return Problem(Place(shown(root)), "", found, _ANY_PROFILES, _START, code=Code.NO_PROFILES)


def shown(path: str) -> str:
    """Return a path for messages: one line, and printable even when its bytes are no UTF-8."""
    return path if path.isprintable() else path.encode("unicode_escape").decode("ascii")

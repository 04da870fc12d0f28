"""The profile files of a directory: which there are, and the bytes of one."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from connmgr.config.encoding import LARGEST_FILE
from connmgr.problem import Code, Place, Problem

ENDINGS: Final = (".yaml", ".yml")
SHARED: Final = ".profiles"

_SHARED_ENDINGS: Final = tuple(SHARED + ending for ending in ENDINGS)

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}", re.ASCII)
_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_ANY_PROFILES: Final = "a directory with profile files (*.yaml)"
_START: Final = "connmgr init DIR writes three to start from"


class Directory:
    """The files of a directory, told from others by their names alone.

    Listed once; no file is looked at. One profile out of ten thousand must not pay for the others, so
    names are judged when somebody asks for all of them.

    Raises:
        OSError: the directory cannot be read.
        ValueError: no directory could have that name.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        # Texts and no `Path`s: among ten thousand files those cost more than the list itself.
        self._files = frozenset(os.listdir(root))  # noqa: PTH208

    def shared(self) -> list[str]:
        """Return the paths of the files of several profiles, `*.profiles.yaml`."""
        return [self._path(file) for file in sorted(self._files) if file.endswith(_SHARED_ENDINGS)
                and _is_fit(file.partition(".")[0]) and file.count(".") == 2]  # fmt: skip

    def single(self, name: str) -> list[str]:
        """Return the paths of the files that would be the profile or base `name`: one, or none, or two."""
        return [self._path(name + ending) for ending in ENDINGS if name + ending in self._files]

    def names(self) -> list[str]:
        """Return the names of the profiles and bases that have a file of their own."""
        stems = (file.rpartition(".")[0] for file in self._files if file.endswith(ENDINGS))
        return sorted({stem for stem in stems if _is_fit(stem)})

    def misfits(self) -> Iterator[Problem]:
        """Yield a problem for each file that looks like a profile's and has a name that none may have."""
        for file in sorted(self._files):
            if file.startswith(".") or not file.lower().endswith(ENDINGS):
                continue
            if not file.endswith(ENDINGS):
                yield _capitals(self._path(file))
            elif not _is_fit(file.rpartition(".")[0].removesuffix(SHARED)):
                yield _misnamed(self._path(file))

    @property
    def is_empty(self) -> bool:
        """Whether no file looks like a profile's."""
        return not any(file.lower().endswith(ENDINGS) for file in self._files if file[0] != ".")

    def _path(self, file: str) -> str:
        return file if self._root == "." else os.path.join(self._root, file)  # noqa: PTH118


def _is_fit(stem: str) -> bool:
    return is_name(stem.removeprefix("_"))


def is_name(text: str) -> bool:
    """Whether a profile may have this name."""
    return _NAME.fullmatch(text) is not None


def is_base(name: str) -> bool:
    """Whether a name is that of a base, which is never a profile."""
    return name.startswith("_")


def read_file(path: str) -> bytes | Problem:
    """Return the first bytes of a file, one more than a profile may have; or why it cannot be read."""
    try:
        # Without waiting: opening a FIFO would wait for a writer for ever.
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        return _unreadable(path, error)
    try:
        status = os.fstat(descriptor)
        if kind := _kind(status.st_mode):
            found = f"{kind} with the name of a profile file"
            hint = "rename it, or move it away"
            return Problem(Place(shown(path)), "", found, "a file", hint, code=Code.UNREADABLE)
        return _bytes(descriptor, status.st_size)
    except OSError as error:
        return _unreadable(path, error)
    finally:
        os.close(descriptor)


def _bytes(descriptor: int, size: int) -> bytes:
    # Asked for one byte more than the file had a moment ago: it may grow, and some files say 0.
    data = os.read(descriptor, min(size, LARGEST_FILE) + 1)
    while len(data) <= LARGEST_FILE and (more := os.read(descriptor, LARGEST_FILE + 1 - len(data))):
        data += more
    return data


def _kind(mode: int) -> str:
    if stat.S_ISREG(mode):
        return ""
    if stat.S_ISDIR(mode):
        return "a directory"
    return "a FIFO" if stat.S_ISFIFO(mode) else "a device or a socket"


def _capitals(path: str) -> Problem:
    what = "an ending in capitals", ".yaml or .yml", "rename the file"
    return Problem(Place(shown(path)), "", *what, code=Code.FILE_NAME)


def _misnamed(path: str) -> Problem:
    accepted = "a letter, then up to 62 letters, digits, _ or -, then .yaml; a base begins with _"
    found = "a file name that cannot name a profile"
    return Problem(Place(shown(path)), "", found, accepted, "rename the file", code=Code.FILE_NAME)


def _unreadable(path: str, error: OSError) -> Problem:
    file = Path(path)
    if file.is_symlink() and not file.exists():
        what = "a link that leads nowhere", "a file", "mend the link, or delete it"
    elif file.is_socket():
        what = "a device or a socket with the name of a profile file", "a file", "rename it, or move it away"
    else:
        reason = error.strerror or type(error).__name__
        what = f"the file cannot be read: {reason}", "a file that this user may read", ""
    return Problem(Place(shown(path)), "", *what, code=Code.UNREADABLE)


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

"""The profile files of a directory: which there are, and the bytes of one."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from connmgr.config.encoding import LARGEST_FILE
from connmgr.problem import Code, Place, Problem

ENDINGS: Final = (".yaml", ".yml")
SHARED: Final = ".profiles"

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}", re.ASCII)
_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_ANY_PROFILES: Final = "a directory with profile files (*.yaml)"
_START: Final = "connmgr init DIR writes three to start from"


@dataclass(slots=True)
class Listing:
    """The files of a directory, told from others by their names alone.

    `single` has the paths of the files that would be the profile, or the base, of a name: one, unless
    something is wrong. `shared` are the paths of `*.profiles.yaml`.
    """

    single: dict[str, list[str]] = field(default_factory=dict)
    shared: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def list_files(root: str) -> Listing:
    """List the files of a directory; those with a name that no profile may have are problems.

    Raises:
        OSError: the directory cannot be read.
        ValueError: no directory could have that name.
    """
    listing = Listing()
    # Texts and no `Path`s: among ten thousand files those cost more than the list itself.
    for file in sorted(os.listdir(root)):  # noqa: PTH208
        stem, dot, ending = file.rpartition(".")
        if file.startswith(".") or not dot or f".{ending}".lower() not in ENDINGS:
            continue
        path = os.path.join(root, file)  # noqa: PTH118
        if f".{ending}" not in ENDINGS:
            problem = "an ending in capitals", ".yaml or .yml", "rename the file"
            listing.problems.append(Problem(Place(shown(path)), "", *problem, code=Code.FILE_NAME))
        elif not is_name(stem.removesuffix(SHARED).removeprefix("_")):
            listing.problems.append(_misnamed(path))
        elif stem.endswith(SHARED):
            listing.shared.append(path)
        else:
            listing.single.setdefault(stem, []).append(path)
    return listing


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
        if kind := _kind(os.fstat(descriptor).st_mode):
            found = f"{kind} with the name of a profile file"
            hint = "rename it, or move it away"
            return Problem(Place(shown(path)), "", found, "a file", hint, code=Code.UNREADABLE)
        return _bytes(descriptor)
    except OSError as error:
        return _unreadable(path, error)
    finally:
        os.close(descriptor)


def _bytes(descriptor: int) -> bytes:
    data = os.read(descriptor, LARGEST_FILE + 1)
    while len(data) <= LARGEST_FILE and (more := os.read(descriptor, LARGEST_FILE + 1 - len(data))):
        data += more
    return data


def _kind(mode: int) -> str:
    if stat.S_ISREG(mode):
        return ""
    if stat.S_ISDIR(mode):
        return "a directory"
    return "a FIFO" if stat.S_ISFIFO(mode) else "a device or a socket"


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

"""Read a file of libpq's: a regular one, opened once, of bounded size."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final

from connmgr.config.encoding import LARGEST_FILE
from connmgr.config.secrets.opening import OutsideRoot, opened
from connmgr.secret import Secret

ACCEPTED: Final = f"a regular file of at most {LARGEST_FILE // 1024} KiB"


@dataclass(frozen=True, slots=True)
class NotRead:
    """Why a file was not read. `there` says whether libpq would see a file at all."""

    found: str
    accepted: str = ACCEPTED
    hint: str = ""
    there: bool = True


def read_regular(path: str, root: Path, *, private: bool = False) -> Secret | NotRead:
    """Return the text of a file, wrapped, for it may hold passwords; or why it was not read.

    A relative path is one below `root`. A `private` file is refused, as libpq passes it over, when its
    group or others have any access to it. Bytes that are no UTF-8 become surrogates.
    """
    if not path or "\0" in path:
        return NotRead("no name that a file could have", there=False)
    try:
        with opened(root, PurePath(path)) as descriptor:
            return _checked(descriptor, os.fstat(descriptor), private)
    except OutsideRoot as error:
        return NotRead(f"outside of {root}: {error}", "a path below that directory, or an absolute path")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return NotRead(f"the file cannot be read: {reason}", there=_is_there(root / path))


def _checked(descriptor: int, status: os.stat_result, private: bool) -> Secret | NotRead:
    mode = stat.S_IMODE(status.st_mode)
    if not stat.S_ISREG(status.st_mode):
        return NotRead("a directory, a device or a FIFO instead of a file")
    # Windows has no such bits, and libpq asks for none there.
    if private and mode & (stat.S_IRWXG | stat.S_IRWXO) and hasattr(os, "geteuid"):
        found = f"its group or others may use the file (mode {mode:04o}), over which libpq would ignore it"
        return NotRead(found, "a file for its owner alone", "chmod 0600")
    return _contents(descriptor)


def _contents(descriptor: int) -> Secret | NotRead:
    contents = bytearray()
    try:
        while len(contents) <= LARGEST_FILE and (
            chunk := os.read(descriptor, LARGEST_FILE + 1 - len(contents))
        ):
            contents += chunk
    except OSError as error:
        # Said and not raised: this frame has the contents.
        return NotRead(f"the file cannot be read: {error.strerror}")
    if len(contents) > LARGEST_FILE:
        return NotRead("the file is larger than 1 MiB")
    return Secret(contents.decode(errors="surrogateescape"))


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a directory above it that this user may not enter: libpq sees no file either
        return False

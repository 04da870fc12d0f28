"""Open a secret's file so that what was checked is what is read, and nothing outside the root is opened.

A relative path is walked one name at a time, each opened in the directory opened before it, links followed
by hand: between a check of a whole path and its opening, whoever may write below the root could swap a link
in. An absolute path is the operator's own word and is opened as it is, links and all.

Linux and macOS are alike here (Linux alone can pass through a directory that it may not list). Windows
opens no directories: there the path is resolved first and opened then, and a swap in between goes unseen.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePath
from typing import Final

MOST_LINKS: Final = 40
"""As many links as Linux itself follows in one path."""

# NONBLOCK: opening a FIFO would wait for a writer. NOCTTY: a terminal must not become the process's own.
_READ: Final = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY", "O_BINARY", "O_NOINHERIT")
)
_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0)
_FOLDER: Final = _READ | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_PATH", 0)


class OutsideRoot(Exception):
    """A relative path leaves the directory of its profile. The message says how."""


@contextmanager
def opened(root: Path, path: PurePath) -> Iterator[int]:
    """Lend a descriptor, not blocking, of what `path` names, whatever kind of thing that is.

    Raises:
        OutsideRoot: a relative path leads out of `root`.
        OSError: it cannot be opened.
    """
    descriptor = _open(root, path)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _open(root: Path, path: PurePath) -> int:
    if path.is_absolute():
        return os.open(path, _READ)
    if os.open in os.supports_dir_fd and os.readlink in os.supports_dir_fd:
        try:
            return _walk(root, path)
        except FileNotFoundError:
            # Kubernetes points `..data` to a new directory and then removes the old one, which a walk may
            # have been told to enter: without a second look a rotation would fail a connection.
            return _walk(root, path)
    return os.open(resolved_below(root, path), _READ | _NO_LINK)


def resolved_below(root: Path, path: PurePath) -> Path:
    """Return where `path` leads, for systems that cannot open a file in an open directory.

    Raises:
        OutsideRoot: it leads out of `root`.
    """
    resolved = (root / path).resolve()
    if not resolved.is_relative_to(root.resolve()):
        raise OutsideRoot("it leads there through .. or a link")
    return resolved


def _walk(root: Path, path: PurePath) -> int:
    """Open `path` below `root`, as Linux does by itself under RESOLVE_BENEATH."""
    with ExitStack() as held:
        folders = [_held(held, os.open(root, _FOLDER))]
        names, links = list(reversed(path.parts)), 0
        while names:
            name = names.pop()
            if name == "..":
                _leave(folders)
            elif target := _link(name, folders[-1]):
                links += 1
                if links > MOST_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                names += reversed(_below(target).parts)
            elif names:
                folders.append(_held(held, os.open(name, _FOLDER | _NO_LINK, dir_fd=folders[-1])))
            else:
                # A link that was swapped in since `_link` looked is refused here: ELOOP.
                return os.open(name, _READ | _NO_LINK, dir_fd=folders[-1])
    raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))


def _held(held: ExitStack, descriptor: int) -> int:
    held.callback(os.close, descriptor)
    return descriptor


def _leave(folders: list[int]) -> None:
    # Never by opening "..": a directory that was moved meanwhile has another parent, perhaps outside.
    folders.pop()
    if not folders:
        raise OutsideRoot("it leads there through ..")


def _link(name: str, folder: int) -> str:
    """Return where a link points; empty for what is no link."""
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError as error:
        if error.errno == errno.EINVAL:
            return ""
        raise


def _below(target: str) -> PurePath:
    path = PurePath(target)
    if path.is_absolute():
        raise OutsideRoot("it leads there through a link to an absolute path")
    return path

"""The socket's file: at no instant open to others, never in the place of a living one, gone at the end."""

from __future__ import annotations

import os
import secrets
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from connmgr.errors import ConnmgrError

BACKLOG: Final = 100

LONGEST: Final = 103 if sys.platform == "darwin" else 107
"""Bytes of a socket's path, by the size of `sun_path`."""

_ATTEMPTS: Final = 10


@contextmanager
def listening(path: str | os.PathLike[str]) -> Iterator[socket.socket]:
    """Yield a socket that listens at `path`, and that this user and root alone can connect to.

    Raises:
        ConnmgrError: a process answers there already, what is there is no socket, or there can be none.
    """
    if not hasattr(socket, "AF_UNIX"):
        raise ConnmgrError("connmgr.admin needs Unix sockets, which Python does not have on this system")
    place = Path(path)
    _check_length(place)
    try:
        listener, identity = _claim(place)
    except OSError as error:
        raise ConnmgrError(f"cannot serve at {os.fspath(path)!r}: {error.strerror}") from error
    # Absolute, for the program may change its directory; and a forked child leaves its parent's alone.
    absolute, pid = place.absolute(), os.getpid()
    with listener:
        try:
            yield listener
        finally:
            # Before the socket is closed: a file that nobody answers at is taken for a dead one by whoever
            # starts now.
            if os.getpid() == pid:
                with suppress(OSError):
                    _remove(absolute, identity)


def _check_length(place: Path) -> None:
    """Refuse a path that is too long for the socket, in its place or in the directory where it is made."""
    needed = max(len(os.fsencode(each)) for each in (place, _draft(place.parent)))
    if needed > LONGEST:
        raise ConnmgrError(
            f"the path of a socket is {LONGEST} bytes long at most, and {os.fspath(place)!r} takes {needed}: "
            "choose a shorter one, or a relative one"
        )


def _draft(parent: Path) -> Path:
    # As short as may be: it counts for the path's length.
    return parent / f".{secrets.token_hex(4)}" / "s"


def _claim(place: Path) -> tuple[socket.socket, tuple[int, int]]:
    """Make the socket in a directory that nobody else may enter, and link it to its place.

    Bound in place, it would have the mode that the umask leaves until it is changed, and the umask is the
    whole process's, other threads' files included. And between bind and listen it would look dead to
    another process that starts. Linked, it is there whole: closed to others, and answering.
    """
    draft = _draft(place.parent)
    draft.parent.mkdir(mode=0o700)
    try:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(os.fspath(draft))
            draft.chmod(0o600)
            listener.listen(BACKLOG)
            listener.setblocking(False)
            _link(draft, place)
            return listener, _identity(draft)
        except BaseException:
            listener.close()
            raise
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()
        with suppress(OSError):  # something of another's is in it, see `_remove_dead`
            draft.parent.rmdir()


def _link(draft: Path, place: Path) -> None:
    """Put the socket in its place, from which a dead one is removed first.

    By a link and not by a rename, which would silently replace what another process has put there meanwhile.
    """
    for _ in range(_ATTEMPTS):
        try:
            place.hardlink_to(draft)
            return
        except FileExistsError:
            _remove_dead(place, draft.with_name("dead"))
    raise ConnmgrError(f"cannot serve at {os.fspath(place)!r}: others start there again and again")


def _remove_dead(place: Path, aside: Path) -> None:
    """Remove a socket that no process answers at any more.

    Raises:
        ConnmgrError: one does, or it is no socket.
    """
    try:
        found = place.lstat()
        if not stat.S_ISSOCK(found.st_mode):
            raise ConnmgrError(
                f"{os.fspath(place)!r} is there already, and is no socket: choose another path"
            )
        if _is_answered(place):
            raise ConnmgrError(
                f"a process serves at {os.fspath(place)!r} already: stop it, or choose another path"
            )
        # Moved before it is deleted: another process may just have put its own in place of the dead one.
        place.rename(aside)
    except FileNotFoundError:
        return
    if _identity(aside) != (found.st_dev, found.st_ino):
        place.hardlink_to(aside)  # fails where a third one has come: then it stays, for it may be anything
    aside.unlink()


def _is_answered(place: Path) -> bool:
    """Whether a process listens there; only a connection can tell, which is closed at once."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(os.fspath(place))
        except ConnectionRefusedError:
            return False
        except BlockingIOError:  # so many wait there that it takes no more
            return True
    return True


def _remove(place: Path, identity: tuple[int, int]) -> None:
    if _identity(place) == identity:
        place.unlink()


def _identity(path: Path) -> tuple[int, int]:
    """Return what tells a file from another one at the same path, while the first is in use."""
    found = path.lstat()
    return found.st_dev, found.st_ino

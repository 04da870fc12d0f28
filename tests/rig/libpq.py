"""Ask the machine's libpq what it makes of its files and variables: the control for what we make of them."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from tests.rig.binaries import PostgresMissing, find_binaries


class LibpqMissing(Exception):
    """This machine has no libpq that can be loaded."""


@dataclass(frozen=True)
class Started:
    """What a connection is about to be made with, and why it is not."""

    values: dict[str, str]
    password: str
    error: str


class _Option(ctypes.Structure):
    """libpq's PQconninfoOption."""

    _fields_ = (
        *((name, ctypes.c_char_p) for name in ("keyword", "envvar", "compiled", "val", "label", "dispchar")),
        ("dispsize", ctypes.c_int),
    )


class Libpq:
    """The library; it reads the environment of this process, as `os.environ` writes it."""

    def __init__(self) -> None:
        self._library = _load()
        for name in ("PQconnectStart", "PQconnectdb", "PQconninfo", "PQconndefaults", "PQconninfoParse"):
            getattr(self._library, name).restype = ctypes.c_void_p
        self._library.PQerrorMessage.restype = self._library.PQpass.restype = ctypes.c_char_p

    def variables(self) -> dict[str, str]:
        """Return its variables by their words."""
        options = ctypes.c_void_p(self._library.PQconndefaults())
        found = {entry.keyword.decode(): entry.envvar.decode() for entry in _entries(options) if entry.envvar}
        self._library.PQconninfoFree(options)
        return found

    def parse(self, uri: str) -> dict[str, str] | None:
        """Return the words that it reads in a URI, None when it refuses it; nothing is opened."""
        options = ctypes.c_void_p(self._library.PQconninfoParse(uri.encode(), None))
        if options.value is None:
            return None
        found = {entry.keyword.decode(): entry.val.decode() for entry in _entries(options) if entry.val}
        self._library.PQconninfoFree(options)
        return found

    def start(self, conninfo: str) -> Started:
        """Begin to connect, and give it up."""
        return self._asked(ctypes.c_void_p(self._library.PQconnectStart(conninfo.encode())))

    def connect(self, conninfo: str) -> Started:
        """Connect, or fail to."""
        return self._asked(ctypes.c_void_p(self._library.PQconnectdb(conninfo.encode())))

    def _asked(self, connection: ctypes.c_void_p) -> Started:
        options = ctypes.c_void_p(self._library.PQconninfo(connection))
        values = {
            entry.keyword.decode(): entry.val.decode() for entry in _entries(options) if entry.val is not None
        }
        error = self._library.PQerrorMessage(connection).decode()
        password = (self._library.PQpass(connection) or b"").decode(errors="surrogateescape")
        self._library.PQconninfoFree(options)
        self._library.PQfinish(connection)
        return Started(values, password, error)


def _entries(options: ctypes.c_void_p) -> Iterator[_Option]:
    for entry in ctypes.cast(options, ctypes.POINTER(_Option)):
        if entry.keyword is None:
            return
        yield entry


def _load() -> ctypes.CDLL:
    names = ["libpq.so.5"]
    with suppress(PostgresMissing):
        names += map(str, find_binaries().parent.glob("lib*/libpq.so.5"))
    for name in names:
        with suppress(OSError):
            return ctypes.CDLL(name)
    raise LibpqMissing

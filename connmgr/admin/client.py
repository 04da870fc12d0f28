"""Ask a process that serves `connmgr.admin`; blocking, and with nothing but the standard library."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import Any, BinaryIO, Final

from connmgr.admin.protocol import VERSION, Malformed, Request, encode, parse
from connmgr.errors import ConnmgrError

CONNECTS_WITHIN: Final = 5.0
"""Seconds in which the process has to take the connection and the request."""

SPEAKS_WITHIN: Final = 30.0
"""Seconds for which it may be silent. While a verb takes long it says so, every `WAITING_EVERY` seconds."""

LONGEST_ANSWER: Final = 1 << 30

_ADVICE: Final = {
    FileNotFoundError: "there is no socket; is the process up, and does it serve connmgr.admin there?",
    NotADirectoryError: "there is no socket; is the process up, and does it serve connmgr.admin there?",
    ConnectionRefusedError: "nobody listens; the process that did has ended",
    PermissionError: "only the user that the process runs as may connect, and root",
}


class Unreachable(ConnmgrError):
    """Nobody answers at the socket, or not to its end: what was asked for may have been done or not."""


class Refused(ConnmgrError):
    """The process answered with an error. `type` is its name there, `problems` those of files."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(str(error.get("message")))
        self.error = error
        self.type = str(error.get("type"))
        self.problems: list[dict[str, Any]] = error.get("problems", [])


def ask(path: str | os.PathLike[str], request: Request) -> Any:
    """Return the answer of the process that serves at `path`, however long the verb takes.

    Interrupted, it only stops waiting: the verb goes on in the process.

    Raises:
        Unreachable: nobody answers there.
        Refused: it answers with an error.
    """
    if not hasattr(socket, "AF_UNIX"):
        raise Unreachable("this system's Python has no Unix sockets")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(CONNECTS_WITHIN)
        try:
            connection.connect(os.fspath(path))
        except OSError as error:
            advice = _ADVICE.get(type(error)) or error.strerror or str(error)
            raise Unreachable(f"no process answers at {os.fspath(path)!r}: {advice}") from error
        try:
            return _answer(connection, request)
        except TimeoutError as error:
            why = f"silent for {SPEAKS_WITHIN:g} s; is its event loop blocked?"
            raise Unreachable(f"the process at {os.fspath(path)!r} is {why}") from error
        except OSError as error:
            raise Unreachable(f"the process at {os.fspath(path)!r} hung up without an answer") from error
        except Malformed as error:
            raise Unreachable(f"what answers at {os.fspath(path)!r} is another version: {error}") from error


def _answer(connection: socket.socket, request: Request) -> Any:
    # It may refuse before it has read everything, and then says why.
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(encode(request.to_dict()))
    connection.settimeout(SPEAKS_WITHIN)
    with connection.makefile("rb") as lines:
        said = _last_line(lines)
    if "error" in said:
        raise Refused(said["error"])
    return said["answer"]


def _last_line(lines: BinaryIO) -> dict[str, Any]:
    while True:
        line = lines.readline(LONGEST_ANSWER)
        if not line:
            raise ConnectionResetError
        said = parse(line)
        if said.get("version") != VERSION or not said.keys() & {"answer", "error", "waiting"}:
            raise Malformed(f"version {VERSION} is spoken here")
        if "waiting" not in said:
            return said

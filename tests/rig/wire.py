"""A tiny PostgreSQL server that says one thing to every client, for answers a real one gives rarely."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass
from enum import Enum

from tests.rig.listener import Link, Listener
from tests.rig.wait import forever

SSL_REQUEST = 80877103
GSS_REQUEST = 80877104
LENGTH_AND_CODE = 8


class Ending(Enum):
    """What to do instead of an answer."""

    CLOSE = "send FIN"
    RESET = "send RST"
    SILENCE = "say nothing and stay"


class Tls(Enum):
    """What to say when the client asks for TLS."""

    REFUSE = b"N"
    ACCEPT_THEN_SILENCE = b"S"
    SILENCE = b""


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """An ErrorResponse, after which the connection is closed, as a server does that lets nobody in."""

    sqlstate: str
    message: str
    severity: str = "FATAL"

    def encode(self) -> bytes:
        """The message as it goes over the wire."""
        fields = {"S": self.severity, "V": self.severity, "C": self.sqlstate, "M": self.message}
        body = b"".join(f"{code}{text}".encode() + b"\0" for code, text in fields.items()) + b"\0"
        return b"E" + struct.pack("!I", len(body) + 4) + body


TOO_MANY_CLIENTS = ErrorAnswer("53300", "sorry, too many clients already")
STARTING_UP = ErrorAnswer("57P03", "the database system is starting up")
SHUTTING_DOWN = ErrorAnswer("57P03", "the database system is shutting down")
ADMIN_SHUTDOWN = ErrorAnswer("57P01", "terminating connection due to administrator command")
NOT_AUTHORIZED = ErrorAnswer("28000", 'no pg_hba.conf entry for host "127.0.0.1"')


class ScriptedServer(Listener):
    """Answer every startup message with `answer`, and every wish for TLS with `tls`.

    `startups` holds the parameters of each startup message, `received` counts all bytes that came in.
    """

    def __init__(self, answer: ErrorAnswer | Ending, *, tls: Tls = Tls.REFUSE) -> None:
        super().__init__()
        self.answer = answer
        self.tls = tls
        self.startups: list[dict[str, str]] = []
        self.received = 0

    async def serve(self, link: Link) -> None:
        """Read one startup message, after wishes for encryption if there are some, and answer it."""
        try:
            while (packet := await self._read_packet(link.reader)) is None:
                await self._answer_encryption(link)
        except asyncio.IncompleteReadError:
            return
        self.startups.append(packet)
        await self._answer(link)

    async def _read_packet(self, reader: asyncio.StreamReader) -> dict[str, str] | None:
        """The parameters of a startup message; None when the client wishes for encryption first."""
        length, code = struct.unpack("!II", await self._read(reader, LENGTH_AND_CODE))
        body = await self._read(reader, length - LENGTH_AND_CODE)
        if code in (SSL_REQUEST, GSS_REQUEST):
            return None
        words = [word.decode() for word in body.rstrip(b"\0").split(b"\0")]
        return dict(zip(words[::2], words[1::2], strict=False))

    async def _read(self, reader: asyncio.StreamReader, size: int) -> bytes:
        data = await reader.readexactly(size)
        self.received += size
        return data

    async def _answer_encryption(self, link: Link) -> None:
        link.client.write(self.tls.value)
        await link.client.drain()
        if self.tls is not Tls.REFUSE:
            await forever()

    async def _answer(self, link: Link) -> None:
        if self.answer is Ending.SILENCE:
            await forever()
        if isinstance(self.answer, ErrorAnswer):
            link.client.write(self.answer.encode())
        link.resets = self.answer is Ending.RESET

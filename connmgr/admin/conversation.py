"""One client, from its first byte to the last of its answer; each step has its deadline."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Final

from connmgr.admin.peer import Peer
from connmgr.admin.protocol import (
    LONGEST_REQUEST,
    VERSION,
    WAITING_EVERY,
    Malformed,
    Request,
    encode,
    parse_request,
)

REQUEST_WITHIN: Final = 5.0
"""Seconds in which a client has to send its request."""

READS_WITHIN: Final = 10.0
"""Seconds in which a client has to take what it is sent."""

WAITING: Final = encode({"version": VERSION, "waiting": True})

_CHUNK: Final = 1 << 16


class Conversation:
    """What is read from and written to one client's socket, which `close` closes."""

    def __init__(self, connection: socket.socket, peer: Peer) -> None:
        connection.setblocking(False)
        self.peer = peer
        self.has_asked = False
        self._connection = connection

    async def request(self) -> Request | None:
        """Return what the client asks for; None for one that left without a word.

        Raises:
            Malformed: it is no request, or it did not come in time.
            OSError: the client is gone.
        """
        try:
            async with asyncio.timeout(REQUEST_WITHIN):
                line = await self._line()
        except TimeoutError:
            raise Malformed(f"no whole line came within {REQUEST_WITHIN:g} s") from None
        self.has_asked = True
        return parse_request(line) if line else None

    async def _line(self) -> bytes:
        """Return what comes before the first end of a line, or before the client's last byte."""
        loop = asyncio.get_running_loop()
        received = bytearray()
        while chunk := await loop.sock_recv(self._connection, _CHUNK):
            line, end, _ = chunk.partition(b"\n")
            received += line
            if len(received) > LONGEST_REQUEST:
                raise Malformed(f"a request is {LONGEST_REQUEST} bytes long at most")
            if end:
                break
        return bytes(received)

    async def wait(self, work: asyncio.Task[bytes]) -> None:
        """Wait for `work` to end, and tell the client now and then that it is waited for.

        Raises:
            OSError: the client is gone, or does not read; the work goes on.
        """
        while not work.done():
            await asyncio.wait({work}, timeout=WAITING_EVERY)
            if not work.done():
                await self.send(WAITING)

    async def send(self, line: bytes) -> None:
        """Send a line.

        Raises:
            OSError: the client is gone, or does not read.
        """
        async with asyncio.timeout(READS_WITHIN):
            await asyncio.get_running_loop().sock_sendall(self._connection, line)

    def refuse(self, line: bytes) -> None:
        """Send a line at once or not at all, to one that is not waited for."""
        with suppress(OSError):
            self._connection.send(line)
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

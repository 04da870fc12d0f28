"""A proxy that counts round trips, and that can put other words into the server's mouth."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from tests.rig.listener import BUFFER, Link, Listener
from tests.rig.ports import LOOPBACK
from tests.rig.postgres import PostgresServer

VERSION = b"server_version\0"
"""How the message begins with which a server reports its version at login."""


class Relay(Listener):
    """Pass connections on to `port`. `words` replaces what the server says by something of the same length.

    `round_trips` counts how often a client spoke after it had been answered, in all its connections.
    """

    def __init__(self, port: int, words: dict[bytes, bytes] | None = None) -> None:
        super().__init__()
        self.round_trips = 0
        self._target_port = port
        self._words = words or {}

    async def serve(self, link: Link) -> None:
        """Pass one connection on until one side ends it."""
        reader, server = await asyncio.open_connection(LOOPBACK, self._target_port, limit=BUFFER)
        link.writers.append(server)
        answered = asyncio.Event()
        answered.set()
        pumps = [
            asyncio.create_task(self._up(link.reader, server, answered)),
            asyncio.create_task(self._down(reader, link.client, answered)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            for result in await asyncio.gather(*pumps, return_exceptions=True):
                with suppress(OSError, asyncio.CancelledError):
                    if isinstance(result, BaseException):
                        raise result

    async def _up(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answered: asyncio.Event
    ) -> None:
        while data := await reader.read(BUFFER):
            self.round_trips += answered.is_set()
            answered.clear()
            writer.write(data)
            await writer.drain()

    async def _down(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answered: asyncio.Event
    ) -> None:
        while data := await reader.read(BUFFER):
            for word, other in self._words.items():
                data = data.replace(word, other)
            answered.set()
            writer.write(data)
            await writer.drain()


def unseen(server: PostgresServer, major: bytes) -> dict[bytes, bytes]:
    """Return the words that give the server a version which no engine has met: its first will have to ask."""
    version = server.sql("SHOW server_version").encode()
    return {VERSION + version: VERSION + version.replace(version[:2], major, 1)}

"""Listen on a loopback port and own every connection that comes in, until the very end."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Self

from tests.rig.ports import LOOPBACK, free_port

BUFFER = 2**14
LINGER_0 = struct.pack("ii", 1, 0)


@dataclass(eq=False, slots=True)
class Link:
    """One accepted connection, its streams in the order they were opened, and how it is to end."""

    reader: asyncio.StreamReader
    writers: list[asyncio.StreamWriter]
    resets: bool = False
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def client(self) -> asyncio.StreamWriter:
        """Where to write to whoever connected."""
        return self.writers[0]

    def end(self) -> None:
        """End every stream: with RST if the link resets, else with FIN after what is still to be written."""
        for writer in self.writers:
            if self.resets:
                _arm_reset(writer)
                writer.transport.abort()
            writer.close()

    async def wait_closed(self) -> None:
        """Wait until the streams that were ended are closed."""
        for writer in self.writers:
            with contextlib.suppress(OSError):
                # Shielded: a link's task that is cancelled here would cancel what others wait for too.
                await asyncio.shield(writer.wait_closed())


class Listener(ABC):
    """An asyncio server on 127.0.0.1, as an async context manager; `port` is chosen on entry.

    Each accepted connection is served by one task. On exit nobody listens any more, connections still open
    are reset, and every task has ended; what one of them raised unexpectedly is raised there.
    """

    def __init__(self) -> None:
        self.port = 0
        self.accepted = 0
        self._server: asyncio.Server | None = None
        self._links: set[Link] = set()
        self._failures: list[BaseException] = []

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.refuse()
        links = set(self._links)
        self.reset()
        await asyncio.gather(*(link.task for link in links if link.task), return_exceptions=True)
        for link in links:
            await link.wait_closed()
        if self._failures:
            raise BaseExceptionGroup("connections of the rig failed", self._failures)

    @property
    def open_links(self) -> int:
        """How many accepted connections are still being served."""
        return len(self._links)

    async def listen(self) -> None:
        """Listen, after `refuse` on the same port as before."""
        port = self.port or free_port()
        self._server = await asyncio.start_server(self._accept, LOOPBACK, port, limit=BUFFER)
        self.port = port

    def refuse(self) -> None:
        """Stop listening: new connections are refused, those that are open live on."""
        if self._server:
            self._server.close()
            self._server = None

    def reset(self) -> None:
        """End every open connection with RST. It happens in the next turns of the loop."""
        self._end_all(resets=True)

    def fin(self) -> None:
        """End every open connection with FIN, the orderly end. It happens in the next turns of the loop."""
        self._end_all(resets=False)

    @abstractmethod
    async def serve(self, link: Link) -> None:
        """Serve one connection; when this returns, fails or is cancelled the link is closed."""

    def _end_all(self, *, resets: bool) -> None:
        for link in self._links:
            link.resets = resets
            # Here and not only in the task: one that is cancelled before its first step never runs at all.
            link.end()
            if link.task:
                link.task.cancel()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A plain function, so that the task is ours and not asyncio's, which would only log what it raises.
        if self._server is None:  # accepted by the kernel before `refuse`, handed to us after it
            writer.transport.abort()
            return
        self.accepted += 1
        link = Link(reader, [writer])
        self._links.add(link)
        link.task = asyncio.create_task(self._run(link), name=f"rig link {self.accepted} on {self.port}")
        link.task.add_done_callback(lambda _: self._links.discard(link))

    async def _run(self, link: Link) -> None:
        try:
            await self.serve(link)
        except (OSError, asyncio.CancelledError):
            pass  # the peer went away, or the test ended the link: both are this class's business
        except BaseException as failure:  # noqa: BLE001 - kept for __aexit__, which raises it
            self._failures.append(failure)
        finally:
            link.end()
            await link.wait_closed()


def _arm_reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)

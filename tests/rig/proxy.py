"""A TCP proxy in front of a server whose faults can be switched while traffic flows.

A proxy cannot lose packets: the kernel acknowledges what the proxy never passes on, so TCP keepalive and
TCP_USER_TIMEOUT see a healthy peer through it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from tests.rig.listener import BUFFER, Link, Listener
from tests.rig.pipe import Direction, Pipe
from tests.rig.wait import forever


class FaultProxy(Listener):
    """Pass connections on to `host` and `target_port`, with the faults that `up`, `down` and switches say.

    `up` is from the client to the server, `down` the way back. `seed` makes jitter and corruption repeatable.
    Connections that cannot be passed on because the server is gone are reset.
    """

    def __init__(self, host: str, target_port: int, *, seed: int = 0) -> None:
        super().__init__()
        self.host = host
        self.target_port = target_port
        self.deaf = False
        """Accept, never answer, and do not bother the server: for connections to come."""
        self.half_open = False
        """When one side closes, never tell the other."""
        self.slow_close = 0.0
        """Seconds between one side's close and telling the other."""
        self._up = Direction(seed)
        self._down = Direction(seed + 1)

    @property
    def up(self) -> Pipe:
        """The pipe from the client to the server; assign another at any time."""
        return self._up.pipe

    @up.setter
    def up(self, pipe: Pipe) -> None:
        self._up.pipe = pipe

    @property
    def down(self) -> Pipe:
        """The pipe from the server to the client; assign another at any time."""
        return self._down.pipe

    @down.setter
    def down(self, pipe: Pipe) -> None:
        self._down.pipe = pipe

    @property
    def seen_up(self) -> int:
        """Bytes that came from clients so far, swallowed ones included."""
        return self._up.seen

    @property
    def seen_down(self) -> int:
        """Bytes that came from the server so far, swallowed ones included."""
        return self._down.seen

    def blackhole(self) -> None:
        """Swallow everything, both ways, on open and on new connections."""
        self.up = self.down = Pipe(blackhole=True)

    def heal(self) -> None:
        """Take every fault away. What was swallowed stays lost; deaf connections stay deaf."""
        self.up = self.down = Pipe()
        self.deaf = self.half_open = False
        self.slow_close = 0.0

    async def serve(self, link: Link) -> None:
        """Pass one connection on until one side ends it."""
        if self.deaf:
            await forever()
        try:
            reader, server = await asyncio.open_connection(self.host, self.target_port, limit=BUFFER)
        except OSError:
            link.resets = True
            return
        link.writers.append(server)
        await self._pump_both_ways(link, reader, server)
        if self.half_open:
            await forever()
        if self.slow_close:
            await asyncio.sleep(self.slow_close)

    async def _pump_both_ways(
        self, link: Link, reader: asyncio.StreamReader, server: asyncio.StreamWriter
    ) -> None:
        pumps = [
            asyncio.create_task(self._up.pump(link.reader, server)),
            asyncio.create_task(self._down.pump(reader, link.client)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            results = await asyncio.gather(*pumps, return_exceptions=True)
        for result in results:
            with suppress(OSError, asyncio.CancelledError):
                if isinstance(result, BaseException):
                    raise result

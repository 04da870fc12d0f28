"""What a proxy does to the bytes of one direction."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

CHUNK = 2**14
RATE_STEPS_PER_SECOND = 50


@dataclass(frozen=True, slots=True)
class Pipe:
    """The faults of one direction; the default value passes everything on at once.

    A pipe in force is replaced, never changed, and the new one counts from the next chunk on.
    """

    latency: float = 0.0
    """Seconds that each chunk is held back."""
    jitter: float = 0.0
    """Seconds by which the latency of a chunk varies at most, both ways."""
    rate: float = 0.0
    """Bytes per second; 0 is unlimited."""
    slice: int = 0
    """Write at most so many bytes at a time; 0 is all at once."""
    limit: int | None = None
    """After so many bytes of this direction on one link, close the link."""
    corrupt: float = 0.0
    """The chance that a chunk has one byte changed."""
    blackhole: bool = False
    """Read, and throw away."""
    stall: bool = False
    """Hold everything back and read no further: the sender's buffers fill up."""
    match: bytes = b""
    """When these bytes come by, call `hook` before they are passed on, also across chunks."""
    hook: Callable[[], None] | None = None
    swap: tuple[bytes, bytes] | None = None
    """Where the first of these comes by in one chunk, pass on the second in its place."""

    @property
    def step(self) -> int:
        """How many bytes to write at a time; 0 is all at once."""
        if self.slice or not self.rate:
            return self.slice
        return max(1, int(self.rate / RATE_STEPS_PER_SECOND))


class Direction:
    """One direction of all links: the pipe in force, the bytes seen so far, a seeded source of chance."""

    def __init__(self, seed: int) -> None:
        self.seen = 0
        self._pipe = Pipe()
        self._random = random.Random(seed)
        self._replaced = asyncio.Event()

    @property
    def pipe(self) -> Pipe:
        """The faults in force."""
        return self._pipe

    @pipe.setter
    def pipe(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._replaced.set()

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Move bytes until the source ends or the limit is reached."""
        passed = 0
        tail = b""
        while data := await self._read(reader):
            self.seen += len(data)
            tail = self._look_for_match(tail + data)
            await self._hold_back()
            # Looked at after the wait: what was under way when the hole opened is swallowed too.
            pipe = self._pipe
            if pipe.blackhole:
                continue
            room = len(data) if pipe.limit is None else pipe.limit - passed
            await self._write(writer, self._spoil(data[: max(room, 0)]))
            passed += len(data)
            if room <= len(data) and pipe.limit is not None:
                return

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        data = await reader.read(CHUNK)
        # After the read, so that a stall also holds what a read already under way then brings.
        while self._pipe.stall:
            self._replaced.clear()
            await self._replaced.wait()
        return data

    def _look_for_match(self, data: bytes) -> bytes:
        """Call the hook if its bytes are in `data`; return the end that may be the start of a match."""
        pipe = self._pipe
        if not pipe.match:
            return b""
        if pipe.match in data:
            if pipe.hook:
                pipe.hook()
            data = data.rpartition(pipe.match)[2]
        return data[len(data) - len(pipe.match) + 1 :] if len(data) >= len(pipe.match) else data

    async def _hold_back(self) -> None:
        pipe = self._pipe
        if pipe.latency or pipe.jitter:
            await asyncio.sleep(max(0.0, pipe.latency + self._random.uniform(-pipe.jitter, pipe.jitter)))

    def _spoil(self, data: bytes) -> bytes:
        if self._pipe.swap is not None:
            data = data.replace(*self._pipe.swap)
        if not data or self._random.random() >= self._pipe.corrupt:
            return data
        spoiled = bytearray(data)
        spoiled[self._random.randrange(len(spoiled))] ^= 0x55
        return bytes(spoiled)

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        while data:
            pipe = self._pipe
            piece = data[: pipe.step or len(data)]
            writer.write(piece)
            await writer.drain()
            # Also without a rate a turn of the loop between slices, so that each leaves on its own.
            await asyncio.sleep(len(piece) / pipe.rate if pipe.rate else 0)
            data = data[len(piece) :]

"""A server that is far away: a proxy in front of a near one, in a process of its own.

In the client's own process it would take its time from the client's event loop.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from tests.rig.listener import Link
from tests.rig.pipe import Pipe
from tests.rig.ports import LOOPBACK
from tests.rig.proxy import FaultProxy

PATIENCE = 10.0
"""Seconds for the proxy's process to end."""
SLOWING = ("PYTHONDONTWRITEBYTECODE", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")


@dataclass(frozen=True, slots=True)
class FarServer:
    """Where to connect to, and what has been connected."""

    port: int
    _accepted: Any
    _opening: Any

    @property
    def accepted(self) -> int:
        """Connections that clients have begun so far."""
        return int(self._accepted.value)

    @property
    def opening(self) -> int:
        """Those of them that are not passed on to the server yet."""
        return int(self._opening.value)


@contextmanager
def far_server(port: int, *, latency: float = 0.0, opening: float = 0.0) -> Iterator[FarServer]:
    """Lend a proxy to the server on a loopback port.

    It adds `latency` seconds each way, and holds each connection back for `opening` seconds at its start.
    """
    for name in SLOWING:
        os.environ.pop(name, None)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    counters = context.Value("i", 0), context.Value("i", 0)
    process = context.Process(target=_run, args=(theirs, port, latency, opening, *counters), daemon=True)
    process.start()
    # Now only the proxy has that end: if it fails, `recv` ends with an error and does not wait for ever.
    theirs.close()
    try:
        yield FarServer(ours.recv(), *counters)
    finally:
        ours.close()
        process.join(PATIENCE)


class _FarProxy(FaultProxy):
    def __init__(self, port: int, latency: float, opening: float, accepted: Any, waiting: Any) -> None:
        super().__init__(LOOPBACK, port)
        self.up = self.down = Pipe(latency=latency)
        self._opening = opening
        self._accepted, self._waiting = accepted, waiting

    async def serve(self, link: Link) -> None:
        """Hold a connection back, then pass it on."""
        self._accepted.value += 1
        self._waiting.value += 1
        try:
            await asyncio.sleep(self._opening)
        finally:
            self._waiting.value -= 1
        await super().serve(link)


def _run(parent: Connection, *arguments: Any) -> None:
    asyncio.run(_serve(parent, *arguments))


async def _serve(parent: Connection, *arguments: Any) -> None:
    async with _FarProxy(*arguments) as proxy:
        parent.send(proxy.port)
        ended = asyncio.Event()
        # It becomes readable when the other end is closed, also by a parent that was killed.
        asyncio.get_running_loop().add_reader(parent.fileno(), ended.set)
        await ended.wait()

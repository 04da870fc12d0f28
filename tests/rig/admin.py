"""Clients of an admin socket that say what no client of connmgr's would, and clients of other users."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

from connmgr.admin import client
from connmgr.admin.protocol import Request, Verb

NOBODY = 65534

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def ask(path: Path, verb: str, *names: str, every: bool = False) -> Any:
    """Ask as the commands do, from a thread: the process that answers is this one."""
    return await asyncio.to_thread(client.ask, path, Request(Verb(verb), names, every))


@asynccontextmanager
async def connected(path: Path) -> AsyncIterator[Streams]:
    """A client that has said nothing yet."""
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def say(path: Path, data: bytes, *, ends: bool = False) -> list[dict[str, Any]]:
    """Send bytes, and an end where `ends`; return the lines that come before the server hangs up."""
    async with connected(path) as (reader, writer):
        writer.write(data)
        if ends:
            writer.write_eof()
        return [line async for line in lines(reader)]


async def lines(reader: asyncio.StreamReader) -> AsyncIterator[dict[str, Any]]:
    """The lines that come, until the server hangs up."""
    while True:
        try:
            line = await reader.readline()
        except ConnectionResetError:  # it did not read all of what it was sent
            return
        if not line:
            return
        yield json.loads(line)


def request(verb: str, *names: str) -> bytes:
    """A request as it goes over the socket."""
    return json.dumps({"version": 1, "verb": verb, "profiles": names}).encode() + b"\n"


@contextmanager
def as_user(uid: int) -> Iterator[None]:
    """Be another user for the system calls in this block; for root only."""
    mine = os.geteuid()
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(mine)

"""Each fault that a pipe names happens to the bytes of its direction, and to no others."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest

from tests.rig.listener import Link, Listener
from tests.rig.pipe import Pipe
from tests.rig.ports import LOOPBACK
from tests.rig.proxy import FaultProxy

SOON = 5.0


class Echo(Listener):
    """Send everything back."""

    async def serve(self, link: Link) -> None:
        while data := await link.reader.read(2**14):
            link.client.write(data)
            await link.client.drain()


@pytest.fixture
async def echo():
    """A proxy in front of a server that sends everything back."""
    async with Echo() as server, FaultProxy(LOOPBACK, server.port, seed=7) as proxy:
        yield proxy


@asynccontextmanager
async def client_of(proxy):
    reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def exchange(proxy, data):
    async with client_of(proxy) as (reader, writer):
        writer.write(data)
        return await asyncio.wait_for(reader.readexactly(len(data)), SOON)


async def seconds_for(proxy, data):
    began = asyncio.get_running_loop().time()
    assert await exchange(proxy, data) == data
    return asyncio.get_running_loop().time() - began


async def test_latency_of_both_directions_adds_up(echo):
    echo.up = echo.down = Pipe(latency=0.05)

    assert 0.1 <= await seconds_for(echo, b"x") < 1


async def test_jitter_stays_within_its_bounds(echo):
    echo.up = Pipe(latency=0.05, jitter=0.04)

    assert 0.01 <= await seconds_for(echo, b"x") < 1


async def test_a_rate_limits_bytes_per_second(echo):
    echo.down = Pipe(rate=100_000)

    assert 0.18 <= await seconds_for(echo, b"x" * 20_000) < 2


async def test_slices_change_no_byte(echo):
    echo.up = echo.down = Pipe(slice=1)
    data = bytes(range(256))

    assert await exchange(echo, data) == data


async def test_a_limit_closes_the_link_after_exactly_so_many_bytes(echo):
    echo.down = Pipe(limit=5)

    async with client_of(echo) as (reader, writer):
        writer.write(b"0123456789")
        received = await asyncio.wait_for(reader.read(), SOON)

    assert received == b"01234"


async def test_corruption_changes_one_byte_and_the_seed_repeats_it(echo):
    data = bytes(1000)

    echo.up = Pipe(corrupt=1.0)
    received = await exchange(echo, data)

    changed = [index for index, byte in enumerate(received) if byte]
    assert len(changed) == 1
    async with Echo() as server, FaultProxy(LOOPBACK, server.port, seed=7) as again:
        again.up = Pipe(corrupt=1.0)
        assert await exchange(again, data) == received


async def test_a_match_calls_its_hook_also_when_it_comes_in_pieces(echo):
    calls = []

    async with client_of(echo) as (reader, writer):
        echo.up = Pipe(match=b"COMMIT", hook=lambda: calls.append("seen"))
        for piece in (b"....COM", b"MIT...."):
            writer.write(piece)
            await asyncio.wait_for(reader.readexactly(len(piece)), SOON)

    assert calls == ["seen"]


async def test_a_hook_can_break_the_way_back_before_the_reply(echo):
    async with client_of(echo) as (reader, writer):
        echo.up = Pipe(match=b"COMMIT", hook=echo.reset)
        writer.write(b"COMMIT")

        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.readexactly(6), SOON)

"""The proxy passes traffic on, counts it, and breaks connections in each way it promises."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from tests.rig.client import connected
from tests.rig.pipe import Pipe
from tests.rig.ports import LOOPBACK, listening_ports
from tests.rig.proxy import FaultProxy
from tests.rig.wait import wait_until

ALIVE = "SELECT 1"
LOST = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, ConnectionError)
SOON = 5.0
NOW = 0.2


async def test_traffic_passes_and_is_counted(postgres, proxy):
    async with connected(postgres.url(port=proxy.port)) as connection:
        assert await connection.fetchval("SELECT repeat('x', 100000)") == "x" * 100_000

    assert proxy.accepted == 1
    assert proxy.seen_up > 100
    assert proxy.seen_down > 100_000
    await wait_until(lambda: proxy.open_links == 0)


@pytest.mark.parametrize("direction", ["up", "down"])
async def test_a_blackhole_swallows_one_direction_until_healed(postgres, proxy, direction):
    async with connected(postgres.url(port=proxy.port)) as connection:
        setattr(proxy, direction, Pipe(blackhole=True))

        with pytest.raises(TimeoutError):
            await asyncpg.connect(postgres.url(port=proxy.port), timeout=NOW)
        answer = asyncio.create_task(connection.fetchval(ALIVE))
        proxy.heal()

        async with connected(postgres.url(port=proxy.port)) as another:
            assert await another.fetchval(ALIVE) == 1
        answer.cancel()
        await asyncio.wait([answer])


async def test_what_a_blackhole_swallowed_stays_lost(postgres, proxy):
    async with connected(postgres.url(port=proxy.port)) as connection:
        proxy.blackhole()
        before = proxy.seen_up
        answer = asyncio.create_task(connection.fetchval(ALIVE))
        await wait_until(lambda: proxy.seen_up > before)
        proxy.heal()

        done, _ = await asyncio.wait([answer], timeout=NOW)

        assert not done
        answer.cancel()
        await asyncio.wait([answer])


async def test_a_stall_holds_bytes_back_until_healed(postgres, proxy):
    async with connected(postgres.url(port=proxy.port)) as connection:
        proxy.down = Pipe(stall=True)
        answer = asyncio.create_task(connection.fetchval(ALIVE))
        done, _ = await asyncio.wait([answer], timeout=NOW)
        assert not done

        proxy.heal()

        assert await asyncio.wait_for(answer, SOON) == 1


async def test_a_reset_is_an_rst(proxy):
    reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
    await wait_until(lambda: proxy.open_links == 1)

    proxy.reset()

    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(reader.read(), SOON)
    writer.close()


async def test_a_fin_is_an_orderly_end(proxy):
    reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
    await wait_until(lambda: proxy.open_links == 1)

    proxy.fin()

    assert await asyncio.wait_for(reader.read(), SOON) == b""
    writer.close()
    await writer.wait_closed()


async def test_refusing_leaves_open_connections_and_listens_again_on_the_same_port(postgres, proxy):
    url = postgres.url(port=proxy.port)
    async with connected(url) as connection:
        proxy.refuse()

        with pytest.raises(ConnectionRefusedError):
            await asyncpg.connect(url)
        assert await connection.fetchval(ALIVE) == 1

    await proxy.listen()
    async with connected(url) as connection:
        assert await connection.fetchval(ALIVE) == 1


async def test_a_deaf_proxy_accepts_and_never_answers(postgres, proxy):
    proxy.deaf = True

    with pytest.raises(TimeoutError):
        await asyncpg.connect(postgres.url(port=proxy.port), timeout=NOW)

    assert proxy.accepted == 1
    assert proxy.seen_up == 0


async def test_a_half_open_connection_hides_that_the_server_is_gone(own_postgres):
    async with FaultProxy(LOOPBACK, own_postgres.port) as proxy:
        proxy.half_open = True
        async with connected(own_postgres.url(port=proxy.port)) as connection:
            own_postgres.kill()

            with pytest.raises(TimeoutError):
                await connection.fetchval(ALIVE, timeout=NOW)


async def test_a_slow_close_is_told_late(own_postgres):
    async with FaultProxy(LOOPBACK, own_postgres.port) as proxy:
        proxy.slow_close = NOW
        async with connected(own_postgres.url(port=proxy.port)) as connection:
            own_postgres.stop("immediate")
            began = asyncio.get_running_loop().time()

            await wait_until(connection.is_closed)

            assert asyncio.get_running_loop().time() - began >= NOW


async def test_a_server_that_is_down_shows_as_a_reset(own_postgres):
    own_postgres.stop()

    async with FaultProxy(LOOPBACK, own_postgres.port) as proxy:
        with pytest.raises(LOST):
            await asyncpg.connect(own_postgres.url(port=proxy.port))


async def test_leaving_ends_connections_nobody_reads_and_frees_the_port(postgres):
    async with FaultProxy(LOOPBACK, postgres.port) as proxy:
        _, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
        await wait_until(lambda: proxy.open_links == 1)

    assert proxy.open_links == 0
    assert proxy.port not in listening_ports()
    writer.close()

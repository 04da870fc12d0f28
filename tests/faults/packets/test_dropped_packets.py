"""Packets vanish under a pool that is idle, at work or new: an error in time that says so, then recovery."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from connmgr import PoolTimeout
from connmgr.engine.failures import classify
from connmgr.failure import FailureKind
from tests.faults.measure import at_most
from tests.faults.packets.load import POOL, fill, select
from tests.rig.wait import wait_until

TIMEOUT = 1.0
KEEPALIVE = 3.0
CLOSE = 2.0
MARGIN = 1.0
GIVE_UP = {
    "keepalives_idle": "1",
    "keepalives_interval": "1",
    "keepalives_count": "2",
    "tcp_user_timeout": f"{KEEPALIVE * 1000:.0f}",
}


@pytest.fixture
async def registry(postgres, partition, load):
    """Five idle connections, none of which is trusted without a test, and a kernel that gives up soon."""
    pool = {**POOL, "timeout": TIMEOUT, "pre_ping": "always"}
    async with load(db={"url": postgres.url(**GIVE_UP), "pool": pool}) as registry:
        await fill(registry)
        yield registry
        partition.heal()
    # Its client is gone, and a server that sleeps does not notice.
    postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")


def sleeping(server) -> int:
    """How many statements the server is at, as it says itself, past the network."""
    return int(server.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"))


@pytest.mark.parametrize("fault", ["drop", "drop_replies"])
async def test_an_idle_pool_answers_in_time_and_serves_again_when_the_network_is_back(
    postgres, partition, registry, fault
):
    getattr(partition, fault)(postgres.port)

    with at_most(TIMEOUT + MARGIN), pytest.raises(PoolTimeout, match=r"pool\.timeout"):
        await select(registry)

    partition.heal()
    with at_most(MARGIN):
        await select(registry)
    stats = registry.stats("db")
    assert stats.closed_by["dead"] == stats.liveness_failed == POOL["size"]


async def test_new_connections_that_nobody_answers_end_in_time_and_open_ones_go_on(
    postgres, partition, registry
):
    partition.drop_new(postgres.port)
    async with AsyncExitStack() as stack:
        for _ in range(POOL["size"]):
            connection = await stack.enter_async_context(registry.connect("db"))
        await connection.invalidate()

        with at_most(TIMEOUT + MARGIN), pytest.raises(PoolTimeout):
            await select(registry)

    await select(registry)


async def test_a_refusing_firewall_is_waited_out(postgres, partition, registry):
    partition.reject(postgres.port)
    waiting = asyncio.create_task(select(registry))
    await wait_until(lambda: registry.stats("db").failed > 0, what="a refused connect")

    partition.heal()

    await waiting


@pytest.mark.parametrize("fault", ["drop", "drop_replies"])
async def test_a_statement_under_way_ends_when_the_kernel_gives_its_peer_up(
    postgres, partition, registry, fault
):
    statement = asyncio.create_task(select(registry, seconds=30))
    await wait_until(lambda: sleeping(postgres) == 1, what="the statement to be at work")
    getattr(partition, fault)(postgres.port)

    with at_most(KEEPALIVE + CLOSE + MARGIN), pytest.raises(DBAPIError) as raised:
        await statement

    assert classify(raised.value).kind is FailureKind.CONNECTION_LOST
    assert "profile 'db'" in raised.value.__notes__[-1]
    partition.heal()
    await select(registry)


async def test_leaving_a_session_whose_network_is_gone_ends_in_time(postgres, partition, registry):
    async with registry.session("db") as session:
        await session.execute(text("SELECT 1"))
        partition.drop(postgres.port)
        begun = time.monotonic()

    assert time.monotonic() - begun <= CLOSE + MARGIN
    assert registry.stats("db").in_use == 0

"""A server that refuses for a while: those who wait are served when it is back, by a few connects."""

from __future__ import annotations

import asyncio

import pytest

from connmgr import PoolTimeout
from tests.faults.measure import at_most, left
from tests.faults.pool.books import ask, outcomes, settled, warm
from tests.rig.wait import wait_until

SIZE = 3
WAITERS = 20
SOON = 1.0
MOST_A_SECOND = 60


@pytest.fixture
async def registry(postgres, proxy, load):
    # Without TLS: "prefer" would make two connections for each of the pool's.
    url = postgres.url(port=proxy.port, sslmode="disable")
    pool = {"size": SIZE, "max_overflow": 0, "timeout": "20s"}
    async with load(db={"url": url, "pool": pool}) as registry:
        yield registry


@pytest.mark.parametrize("idle", [0, SIZE])
async def test_all_who_wait_are_served_soon_after_it_is_back(proxy, registry, idle):
    before = left()
    await warm(registry, idle)
    proxy.refuse()
    proxy.reset()
    await wait_until(lambda: left() == before, what="the ends of the connections to arrive here")
    waiters = [asyncio.create_task(ask(registry)) for _ in range(WAITERS)]
    await wait_until(lambda: registry.stats("db").failed >= 10, what="the pool to back off")
    before = proxy.accepted

    await proxy.listen()
    with at_most(SOON):
        await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)

    assert await asyncio.gather(*waiters) == [1] * WAITERS
    assert proxy.accepted - before <= SIZE
    stats = await settled(registry)
    assert (stats.timeouts, stats.checkouts) == (0, WAITERS + idle)


async def test_a_server_that_refuses_is_asked_gently_however_many_wait(postgres, proxy, load):
    """Each refusal takes less than a millisecond: only the pauses keep a thousand connects away."""
    pool = {"size": SIZE, "max_overflow": 0, "timeout": "1s"}
    proxy.refuse()
    async with load(db={"url": postgres.url(port=proxy.port, sslmode="disable"), "pool": pool}) as registry:
        errors = await outcomes([ask(registry) for _ in range(WAITERS)])

        stats = await settled(registry)
        assert all(isinstance(error, PoolTimeout) for error in errors)
        assert 10 <= stats.failed <= MOST_A_SECOND

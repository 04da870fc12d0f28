"""A server that has no connection left: asked gently, served as soon as there is one, and named."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from connmgr import PoolTimeout
from connmgr.engine.failures import classify
from connmgr.failure import FailureKind
from tests.faults.pool.books import ask, settled
from tests.rig.client import connected
from tests.rig.pipe import Pipe
from tests.rig.wait import wait_until

WAITERS = 10
MOST_A_SECOND = 60


def profile(postgres, proxy, database, timeout):
    # Without TLS: "prefer" would make two connections for each of the pool's.
    url = postgres.url(port=proxy.port, dbname=database, sslmode="disable")
    return {"url": url, "pool": {"size": 5, "max_overflow": 0, "timeout": timeout}}


@pytest.fixture
async def elsewhere(postgres, database):
    """Holds the database's only connection; closing this frees it."""
    postgres.sql(f"ALTER DATABASE {database} CONNECTION LIMIT 1")
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(connected(postgres.url(dbname=database)))
        yield stack


async def test_who_waits_in_vain_is_told_why_and_the_server_is_not_stormed(
    postgres, proxy, database, load, elsewhere
):
    async with load(db=profile(postgres, proxy, database, "1s")) as registry:
        errors = await asyncio.gather(*(ask(registry) for _ in range(WAITERS)), return_exceptions=True)
        await settled(registry)

    assert 5 <= proxy.accepted <= MOST_A_SECOND
    assert all(isinstance(error, PoolTimeout) for error in errors)
    assert {classify(error).kind for error in errors} == {FailureKind.TOO_MANY_CONNECTIONS}
    assert all("too many connections for database" in str(error) for error in errors)
    assert all("lower `pool.size`" in str(error) for error in errors)


async def test_all_who_wait_are_served_once_one_connection_is_free(
    postgres, proxy, database, load, elsewhere
):
    """Until then one connect at a time asks for it."""
    proxy.up = Pipe(latency=0.01)  # long enough for two at once to be seen
    async with load(db=profile(postgres, proxy, database, "20s")) as registry:
        waiters = [asyncio.create_task(ask(registry)) for _ in range(WAITERS)]
        await wait_until(lambda: registry.stats("db").failed >= 2, what="the first connects to be refused")
        at_once = []

        def has_failed_again() -> bool:
            at_once.append(registry.stats("db").connecting)
            return registry.stats("db").failed >= 6

        await wait_until(has_failed_again, what="more connects to be refused")
        await elsewhere.aclose()

        assert await asyncio.gather(*waiters) == [1] * WAITERS
        assert max(at_once) == 1
        stats = await settled(registry)
        assert (stats.created, stats.timeouts) == (1, 0)


async def test_the_connections_of_the_pools_own_serve_who_waits_when_no_more_can_be_had(
    postgres, proxy, database, load
):
    postgres.sql(f"ALTER DATABASE {database} CONNECTION LIMIT 2")
    async with load(db=profile(postgres, proxy, database, "20s")) as registry, AsyncExitStack() as inside:
        for _ in range(2):
            await inside.enter_async_context(registry.connect("db"))
        waiters = [asyncio.create_task(ask(registry)) for _ in range(WAITERS)]
        await wait_until(lambda: registry.stats("db").failed >= 3, what="connects to be refused")

        await inside.aclose()

        assert await asyncio.gather(*waiters) == [1] * WAITERS
        assert (await settled(registry)).created == 2

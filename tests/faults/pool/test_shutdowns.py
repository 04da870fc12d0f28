"""A server that is shut down: what runs is told why, what is idle is replaced, who waits is served later."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from connmgr import PoolTimeout
from connmgr.engine.failures import classify
from connmgr.failure import FailureKind
from tests.faults.pool.books import ONE, ask, outcomes, settled, warm
from tests.rig.wait import wait_until

SIZE, BUSY, WAITERS = 3, 2, 5
SLEEP = "SELECT pg_sleep(60)"
ASLEEP = f"SELECT count(*) FROM pg_stat_activity WHERE query = '{SLEEP}' AND state = 'active'"
CUT_OFF = {FailureKind.SHUTTING_DOWN, FailureKind.CONNECTION_LOST}


@pytest.fixture
async def registry(own_postgres, load):
    pool = {"size": SIZE, "max_overflow": 0, "timeout": "20s"}
    async with load(db={"url": own_postgres.url(sslmode="disable"), "pool": pool}) as registry:
        yield registry


async def sleep(registry) -> None:
    async with registry.session("db") as session:
        await session.execute(text(SLEEP))


def start(work, count: int) -> list[asyncio.Task]:
    return [asyncio.create_task(work) for work in (work() for _ in range(count))]


@pytest.mark.parametrize("how", ["fast", "immediate"])
@pytest.mark.parametrize("busy", [BUSY, SIZE])
async def test_only_what_runs_fails_and_all_who_wait_are_served_after_the_restart(
    own_postgres, registry, how, busy
):
    """With two busy there is an idle connection that dies; with all three, callers wait already."""
    await warm(registry, SIZE)
    running = start(lambda: sleep(registry), busy)
    await wait_until(lambda: own_postgres.sql(ASLEEP) == str(busy), what="the sleepers to sleep")
    early = start(lambda: ask(registry), WAITERS) if busy == SIZE else []

    own_postgres.stop(how)
    errors = await outcomes(running)
    waiting = [*early, *start(lambda: ask(registry), WAITERS)]
    await wait_until(lambda: registry.stats("db").waiting == len(waiting), what="all to wait")
    own_postgres.start()

    assert await asyncio.gather(*waiting) == [1] * len(waiting)
    assert {classify(error).kind for error in errors} <= CUT_OFF
    stats = await settled(registry)
    assert (stats.timeouts, stats.closed, stats.open <= SIZE) == (0, SIZE, True)


async def test_a_smart_shutdown_lets_those_inside_finish_and_their_connection_goes_to_who_waits(
    own_postgres, registry
):
    """New connections are refused, so the one that comes back is all there is."""
    async with registry.begin("db") as inside:
        await inside.execute(ONE)
        await shut_down_smartly(own_postgres)
        waiter = asyncio.create_task(ask(registry))
        await wait_until(lambda: registry.stats("db").failed >= 3, what="connects to be refused")
        assert registry.stats("db").waiting == 1
        assert await inside.scalar(ONE) == 1

    assert await waiter == 1
    stats = await settled(registry)
    assert (stats.created, stats.timeouts) == (1, 0)


async def test_a_checkout_in_vain_says_that_the_server_shuts_down(own_postgres, load):
    pool = {"size": 2, "max_overflow": 0, "timeout": 0.5}
    async with (
        load(db={"url": own_postgres.url(sslmode="disable"), "pool": pool}) as registry,
        registry.connect("db"),
    ):
        await shut_down_smartly(own_postgres)

        (error,) = await outcomes([ask(registry)])

    assert isinstance(error, PoolTimeout)
    assert classify(error).kind is FailureKind.SHUTTING_DOWN
    assert "(shutting_down)" in str(error)


async def shut_down_smartly(server) -> None:
    """The server reads its signal when it comes to it; until then it lets connections in."""
    server.stop("smart", wait=False)
    await wait_until(lambda: "received smart shutdown request" in server.log, what="the signal to be read")

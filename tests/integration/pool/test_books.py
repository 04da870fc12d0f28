"""The pool's counters are right at every reading, whatever goes on, and outlive `engine.dispose()`."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress

import pytest
from sqlalchemy.exc import DBAPIError

from connmgr import PoolStats, Registry
from tests.rig.pool import PID, Lab
from tests.rig.postgres import PostgresServer
from tests.rig.proxy import FaultProxy
from tests.rig.wait import wait_until

Load = Callable[..., Registry]
NewLab = Callable[..., Lab]


def is_balanced(stats: PoolStats) -> bool:
    """Whether the gauges fit together, in a pool that is not being made smaller."""
    assert stats.max is not None
    return (
        0 <= stats.idle <= stats.open
        and stats.idle + stats.in_use == stats.open == stats.created - stats.closed
        and stats.open + stats.connecting <= stats.max
        and stats.excess == 0
        and min(stats.waiting, stats.connecting, stats.oldest_wait) >= 0
    )


async def sample(registry: Registry, wrong: list[PoolStats], seen: list[int]) -> None:
    """Look at the counters in every turn of the event loop."""
    while True:
        stats = registry.stats("orders")
        seen.append(stats.open)
        if not is_balanced(stats):
            wrong.append(stats)
        await asyncio.sleep(0)


async def churn(registry: Registry, chance: random.Random, proxy: FaultProxy) -> None:
    """Use connections in every way that a caller can, now and then under a cut network."""
    for _ in range(25):
        with suppress(DBAPIError, OSError, TimeoutError):
            async with asyncio.timeout(chance.choice([0.002, 0.01, 5, 5, 5])):
                async with registry.connect("orders", autocommit=chance.random() < 0.3) as connection:
                    await connection.execute(PID)
                    what = chance.random()
                    if what < 0.1:
                        await connection.invalidate()
                    elif what < 0.2:
                        await (await connection.get_raw_connection()).driver_connection.close()
                    elif what < 0.25:
                        proxy.reset()
                    await asyncio.sleep(0)


@pytest.mark.parametrize("pre_ping", ["auto", "always"])
async def test_they_balance_in_every_turn_of_the_loop_under_churn_cancellation_and_cuts(
    load: Load, postgres: PostgresServer, proxy: FaultProxy, pre_ping: str
) -> None:
    pool = {"size": 3, "max_overflow": 2, "timeout": "20s", "pre_ping": pre_ping, "connecting_limit": 4}
    url = postgres.url(port=proxy.port, sslmode="disable")
    wrong: list[PoolStats] = []
    seen: list[int] = []
    async with load(orders={"url": url, "pool": pool}) as registry:
        sampler = asyncio.create_task(sample(registry, wrong, seen))
        await asyncio.gather(*(churn(registry, random.Random(seed), proxy) for seed in range(12)))
        await wait_until(lambda: _is_quiet(registry.stats("orders")), what="the pool to be quiet")
        stats = registry.stats("orders")
        sampler.cancel()
        await asyncio.wait({sampler})

    assert wrong == []
    assert max(seen) == 5
    assert stats.open == stats.idle <= 3
    assert stats.use.count == stats.checkouts
    assert stats.wait.count == stats.checkouts + stats.timeouts
    assert stats.created == stats.create.count
    assert sampler.cancelled()


def _is_quiet(stats: PoolStats) -> bool:
    return (stats.connecting, stats.waiting, stats.in_use) == (0, 0, 0)


async def test_a_new_connection_is_never_counted_as_connecting_too(new_lab: NewLab) -> None:
    """Its first user sees the counters in the very turn in which it came."""
    lab = new_lab(size=1, max_overflow=0)

    async with lab.engine.connect():
        stats = lab.stats

    assert (stats.open, stats.connecting, stats.excess) == (1, 0, 0)


async def test_each_end_of_a_connection_is_counted_by_its_cause(new_lab: NewLab) -> None:
    lab = new_lab(size=1, max_overflow=1)
    async with AsyncExitStack() as stack:
        await lab.hold(stack, 2)
    async with lab.engine.connect() as connection:
        await connection.invalidate()
    async with lab.engine.connect() as connection:
        detached = (await connection.get_raw_connection()).driver_connection
        await connection.run_sync(lambda sync: sync.detach())
    assert lab.driver.is_closed(detached)
    async with lab.engine.connect() as connection:
        (await connection.get_raw_connection()).driver_connection.terminate()
    await lab.fill(1)
    await lab.engine.dispose()

    stats = await lab.quiet()
    assert stats.closed_by == {"overflow": 1, "error": 1, "detached": 1, "dead": 1, "disposed": 1}
    assert (stats.closed, stats.created) == (5, 5)


async def test_a_soft_invalidation_ends_with_the_use(new_lab: NewLab) -> None:
    lab = new_lab(size=1, max_overflow=0)
    async with lab.engine.connect() as connection:
        (await connection.get_raw_connection()).invalidate(soft=True)
        during = lab.stats.closed

    stats = await lab.quiet()
    assert (during, stats.closed_by) == (0, {"invalidated": 1})


async def test_durations_are_counted_by_their_size(new_lab: NewLab) -> None:
    lab = new_lab(size=1, max_overflow=0, timeout="20s")
    async with lab.engine.connect():
        waiter = asyncio.create_task(lab.pid())
        await wait_until(lambda: lab.stats.waiting == 1)
        lab.clock.advance(3)
        oldest = lab.stats.oldest_wait
    await waiter

    stats = lab.stats
    assert oldest == 3
    assert (stats.wait.count, stats.use.count, stats.create.count) == (2, 2, 1)
    assert stats.wait.total == stats.use.total == 3
    assert 2 < stats.wait.quantile(0.99) < 5
    assert 2 < stats.use.quantile(0.99) < 5


async def test_they_outlive_dispose(new_lab: NewLab) -> None:
    lab = new_lab(size=2, max_overflow=0)
    await lab.fill(2)
    pool, before = lab.pool, lab.stats

    await lab.engine.dispose()
    after = lab.stats
    await lab.pid()

    assert lab.pool is pool
    assert (after.open, after.closed_by) == (0, {"disposed": 2})
    assert after.checkouts == before.checkouts == 2
    assert (lab.stats.checkouts, lab.stats.created) == (3, 3)
    assert lab.stats.wait.count == 3


@pytest.mark.parametrize("in_another_thread", [False, True])
async def test_a_connection_that_is_lost_and_collected_gives_its_slot_to_who_waits(
    new_lab: NewLab, in_another_thread: bool
) -> None:
    lab = new_lab(size=1, max_overflow=0, timeout="20s")
    lost = [await lab.engine.connect()]
    lost.append(lost)  # type: ignore[arg-type] # only the garbage collector finds a cycle
    waiter = asyncio.create_task(lab.pid())
    await wait_until(lambda: lab.stats.waiting == 1)

    del lost
    with pytest.warns(match="garbage collector"):
        await (asyncio.to_thread(gc.collect) if in_another_thread else collect())

    await waiter
    assert (lab.stats.open, lab.stats.created, lab.stats.closed_by) == (1, 2, {"collected": 1})


async def collect() -> None:
    gc.collect()

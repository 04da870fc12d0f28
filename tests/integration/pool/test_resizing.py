"""A pool whose limits change while it works: it grows at once, and shrinks as connections come back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

from tests.rig.pool import Lab
from tests.rig.wait import wait_until

NewLab = Callable[..., Lab]


async def test_a_pool_that_grows_serves_those_who_wait(new_lab: NewLab) -> None:
    lab = new_lab(size=1, max_overflow=0, timeout="20s")
    async with AsyncExitStack() as stack:
        await lab.hold(stack, 1)
        waiters = [asyncio.create_task(lab.pid()) for _ in range(2)]
        await wait_until(lambda: lab.stats.waiting == 2)

        lab.pool.resize(2, 1)

        await asyncio.gather(*waiters)
        stats = lab.stats

    assert (stats.size, stats.max, stats.excess) == (2, 3, 0)
    assert 2 <= stats.created <= 3


async def test_a_pool_that_shrinks_closes_what_is_idle_at_once(new_lab: NewLab) -> None:
    lab = new_lab(size=4, max_overflow=0)
    await lab.fill(4)

    lab.pool.resize(2, 0)

    stats = lab.stats
    assert (stats.open, stats.idle, stats.max, stats.excess) == (2, 2, 2, 0)
    assert stats.closed_by == {"shrunk": 2}


async def test_a_pool_that_shrinks_says_by_how_much_it_is_too_large_until_that_is_back(
    new_lab: NewLab,
) -> None:
    lab = new_lab(size=4, max_overflow=0)
    stack = AsyncExitStack()
    connections = await lab.hold(stack, 4)

    lab.pool.resize(1, 1)
    seen = [(lab.stats.open, lab.stats.excess)]
    for connection in connections:
        await connection.close()
        seen.append((lab.stats.open, lab.stats.excess))

    assert seen == [(4, 2), (3, 1), (2, 0), (1, 0), (1, 0)]
    assert (await lab.quiet()).closed_by == {"shrunk": 2, "overflow": 1}


async def test_those_who_wait_for_a_pool_that_shrinks_are_served_when_it_is_small_enough(
    new_lab: NewLab,
) -> None:
    lab = new_lab(size=3, max_overflow=0, timeout="20s")
    connections = await lab.hold(AsyncExitStack(), 3)
    waiter = asyncio.create_task(lab.pid())
    await wait_until(lambda: lab.stats.waiting == 1)

    lab.pool.resize(1, 0)
    for connection in connections:
        await connection.close()

    await waiter
    stats = await lab.quiet()
    assert (stats.open, stats.created, stats.timeouts) == (1, 3, 0)


async def test_a_connect_under_way_when_the_pool_shrinks_leaves_it_no_larger_than_it_is_to_be(
    new_lab: NewLab,
) -> None:
    lab = new_lab(size=3, max_overflow=0, timeout="20s", connecting_limit=3)
    waiters = [asyncio.create_task(lab.pid()) for _ in range(3)]
    await wait_until(lambda: lab.stats.connecting == 3, poll=0)

    lab.pool.resize(1, 0)

    await asyncio.gather(*waiters)
    stats = await lab.quiet()
    assert (stats.open, stats.max, stats.excess) == (1, 1, 0)

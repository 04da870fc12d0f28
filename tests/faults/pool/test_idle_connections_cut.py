"""Idle connections that are ended behind the pool's back cost their next users nothing."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.measure import at_most, left
from tests.faults.pool.books import ask, settled, warm
from tests.rig.wait import wait_until

IDLE = 5
SOON = 2.0
ENDS = pytest.mark.parametrize("end", ["reset", "fin"])


def profile(postgres, proxy, **pool):
    sizes = {"size": IDLE, "max_overflow": 0, "timeout": "20s"}
    return {"url": postgres.url(port=proxy.port), "pool": {**sizes, **pool}}


@ENDS
async def test_once_the_ends_have_arrived_a_burst_meets_no_error(postgres, proxy, load, end):
    async with load(db=profile(postgres, proxy)) as registry:
        before = left()
        await warm(registry, IDLE)
        getattr(proxy, end)()
        await wait_until(lambda: left() == before, what="the ends of the connections to arrive here")

        with at_most(SOON):
            assert await ask(registry) == 1
        answers = await asyncio.gather(*(ask(registry) for _ in range(4 * IDLE)))

        stats = await settled(registry)
        assert answers == [1] * 4 * IDLE
        assert (stats.timeouts, stats.closed_by, stats.liveness_failed) == (0, {"dead": IDLE}, 0)


@ENDS
async def test_ends_that_are_still_on_their_way_are_found_by_the_ping(postgres, proxy, load, end):
    async with load(db=profile(postgres, proxy, pre_ping="always")) as registry:
        await warm(registry, IDLE)
        getattr(proxy, end)()

        with at_most(SOON):
            assert await ask(registry) == 1

        stats = await settled(registry)
        assert (stats.timeouts, stats.closed_by) == (0, {"dead": IDLE})

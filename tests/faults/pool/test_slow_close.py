"""Closing what a server is slow to let go of, or does not answer for, keeps to `timeouts.close`."""

from __future__ import annotations

import pytest

from tests.faults.measure import at_most, left
from tests.faults.pool.books import ONE, ask, settled, warm
from tests.rig.wait import wait_until

SIZE = 5
CLOSE = 0.5
MARGIN = 0.7
SLOW = 3.0


def profile(url):
    return {"url": url, "pool": {"size": SIZE, "max_overflow": 0}, "timeouts": {"close": CLOSE}}


async def test_a_network_that_is_slow_to_tell_of_the_end_does_not_hold_up_the_close(postgres, proxy, load):
    registry = load(db=profile(postgres.url(port=proxy.port)))
    before = left()
    registry.open()
    await warm(registry, SIZE)
    proxy.slow_close = SLOW

    with at_most(CLOSE + MARGIN):
        await registry.close(grace=0)

    proxy.reset()
    await wait_until(lambda: left() == before, what="sockets, threads and tasks to be as before")


async def test_dispose_does_not_wait_for_a_silent_server_and_the_engine_goes_on(peer, load):
    async with load(db=profile(peer.url)) as registry:
        await warm(registry, SIZE)
        before = left()
        peer.die()

        with at_most(CLOSE + MARGIN):
            await registry.engine("db").dispose()

        await wait_until(lambda: left().sockets == before.sockets - SIZE, what="the sockets to be closed")
        peer.revive()
        assert await ask(registry) == 1
        stats = await settled(registry)
        assert (stats.created, stats.closed_by) == (SIZE + 1, {"disposed": SIZE})
        await wait_until(lambda: peer.server.backends() == 1, what="the dead connections' backends to go")


@pytest.mark.parametrize("scope", ["session", "connect"])
async def test_a_connection_that_is_out_during_dispose_is_closed_in_time_when_it_comes_back(
    peer, load, scope
):
    async with load(db=profile(peer.url)) as registry:
        block = getattr(registry, scope)("db")
        opened = await block.__aenter__()
        await opened.execute(ONE)
        await registry.engine("db").dispose()
        peer.die()

        with at_most(CLOSE + MARGIN):
            await block.__aexit__(None, None, None)

        await wait_until(lambda: registry.stats("db").open == 0, what="the books to be empty")
        peer.revive()
        assert await ask(registry) == 1

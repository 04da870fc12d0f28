"""Connections cut after so many bytes, wherever that is: a typed error, and a pool that is intact."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from connmgr.engine.failures import classify
from connmgr.failure import FailureKind
from tests.faults.measure import at_most
from tests.faults.pool.books import ask, outcomes, settled
from tests.rig.pipe import Pipe
from tests.rig.wait import wait_until

TIMEOUT = 0.15
SOON = 3.0
# The login, SQLAlchemy's first queries and the answer all end within.
PLACES = [*range(1, 20, 3), *range(20, 400, 25), *range(400, 2001, 90)]
CUTS = [*(("down", place) for place in PLACES), *(("up", place) for place in PLACES[::4])]
ANSWER = text("SELECT repeat('x', 300) FROM generate_series(1, 5)")


async def read(registry) -> int:
    async with registry.begin("db") as session:
        return len((await session.execute(ANSWER)).all())


@pytest.mark.slow
@pytest.mark.parametrize(("direction", "cut"), CUTS)
async def test_each_cut_ends_in_a_typed_error_and_leaves_the_pool_intact(
    postgres, proxy, load, direction, cut
):
    document = {
        "url": postgres.url(port=proxy.port, sslmode="disable"),
        "pool": {"size": 1, "max_overflow": 0, "timeout": TIMEOUT},
    }
    async with load(db=document) as registry:
        setattr(proxy, direction, Pipe(limit=cut))
        with at_most(SOON):
            (came_to,) = await outcomes([read(registry)])
        proxy.heal()

        assert came_to == 5 or classify(came_to).kind is FailureKind.CONNECTION_LOST
        await wait_until(lambda: registry.stats("db").connecting == 0, what="the last connect to end")
        assert await ask(registry) == 1
        stats = await settled(registry)
        assert stats.open == 1
        await wait_until(lambda: proxy.open_links == 1, what="no link but the pool's")

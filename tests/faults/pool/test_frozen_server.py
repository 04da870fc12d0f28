"""A server that stands still: errors in time, no work done twice, and all is well when it runs on."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from connmgr import PoolTimeout
from connmgr.engine.failures import classify
from connmgr.failure import FailureKind
from tests.faults.measure import at_most
from tests.faults.pool.books import ask, outcomes, settled, warm
from tests.rig.wait import wait_until

SIZE, CALLERS = 3, 6
TIMEOUT, COMMAND, CLOSE = 0.8, 0.3, 0.5
MARGIN = 0.7
INSERT = text("INSERT INTO written VALUES (:id)")


@pytest.fixture
async def registry(own_postgres, load):
    own_postgres.sql("CREATE TABLE written (id int); ALTER TABLE written OWNER TO app", dbname="orders")
    document = {
        "url": own_postgres.url(),
        "pool": {"size": SIZE, "max_overflow": 1, "timeout": TIMEOUT, "liveness_timeout": 0.2},
        "timeouts": {"command": COMMAND, "close": CLOSE, "connect": 0.5},
    }
    async with load(db=document) as registry:
        await warm(registry, SIZE)
        yield registry
        own_postgres.thaw()


async def write(registry, number: int) -> int:
    async with registry.begin("db") as session:
        await session.execute(INSERT, {"id": number})
    return number


def written(server) -> list[int]:
    rows = server.sql("SELECT id FROM written ORDER BY id", dbname="orders")
    return [int(row) for row in rows.split()]


async def test_checkouts_time_out_within_their_deadline_and_work_is_done_once(own_postgres, registry):
    """Connections that were used a moment ago go out untested, so some callers have a statement under way."""
    await write(registry, 0)
    own_postgres.freeze()

    with at_most(TIMEOUT + COMMAND + 2 * CLOSE + MARGIN):
        errors = await outcomes([write(registry, number) for number in range(1, CALLERS)])
    own_postgres.thaw()
    await write(registry, CALLERS)

    assert {classify(error).kind for error in errors} == {FailureKind.TIMEOUT}
    assert any(isinstance(error, PoolTimeout) for error in errors)
    await wait_until(
        lambda: own_postgres.backends() == registry.stats("db").open, what="spare backends to go"
    )
    assert written(own_postgres) == [0, CALLERS]
    await settled(registry)


async def test_waiters_are_served_when_the_server_runs_on_within_their_deadline(own_postgres, load):
    pool = {
        "size": SIZE,
        "max_overflow": 0,
        "timeout": "20s",
        "liveness_window": "1ms",
        "liveness_timeout": 0.1,
    }
    document = {"url": own_postgres.url(), "pool": pool}
    async with load(db=document) as registry:
        await warm(registry, SIZE)
        own_postgres.freeze()
        waiters = [asyncio.create_task(ask(registry)) for _ in range(CALLERS)]
        await wait_until(lambda: registry.stats("db").liveness_failed == SIZE, what="the pings to fail")

        own_postgres.thaw()

        assert await asyncio.gather(*waiters) == [1] * CALLERS
        stats = await settled(registry)
        assert (stats.timeouts, stats.closed_by["dead"]) == (0, SIZE)
        await wait_until(lambda: own_postgres.backends() == stats.open, what="spare backends to go")

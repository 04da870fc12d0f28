"""A network that is slow, narrow or cuts everything into bytes: deadlines hold and answers are the same."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from connmgr import PoolTimeout
from connmgr.engine.failures import classify
from connmgr.failure import FailureKind
from tests.faults.measure import at_most
from tests.faults.pool.books import ONE, ask, outcomes, settled
from tests.rig.pipe import Pipe

FAR = Pipe(latency=0.2)
NARROW = Pipe(rate=20_000)
BYTE_BY_BYTE = Pipe(slice=1)
TIMEOUT, COMMAND, CLOSE = 1.0, 0.4, 0.5
MARGIN = 1.0
WIDE_ROW = text("SELECT repeat('x', 100000)")
ANSWERS = [
    ("SELECT n, n / 7.0, 'line ' || n, n % 2 = 0 FROM generate_series(1, 200) AS n", {}),
    ("SELECT CAST(:day AS date) + 1, ARRAY[1, 2, NULL], '{\"a\": [1]}'::jsonb", {"day": None}),
    ("SELECT decode('00ff7f', 'hex'), repeat('ä', 500), NULL::int", {}),
]


async def test_one_deadline_bounds_connect_and_first_queries_together(postgres, proxy, load):
    proxy.up = proxy.down = FAR
    document = {
        "url": postgres.url(port=proxy.port, sslmode="disable"),
        "pool": {"timeout": TIMEOUT},
        "timeouts": {"connect": "20s"},
    }
    async with load(db=document) as registry:
        started = time.monotonic()
        with pytest.raises(PoolTimeout, match=r"1 connecting.*; a connect to .* was still under way: "):
            await ask(registry)
        took = time.monotonic() - started

        assert TIMEOUT <= took <= TIMEOUT + MARGIN


@pytest.mark.slow
async def test_a_far_server_is_reached_when_there_is_time_for_it(postgres, proxy, load):
    proxy.up = proxy.down = FAR
    document = {
        "url": postgres.url(port=proxy.port, sslmode="disable"),
        "pool": {"timeout": "30s"},
        "timeouts": {"connect": "30s"},
    }
    async with load(db=document) as registry:
        assert await ask(registry) == 1

        stats = await settled(registry)
        assert (stats.created, stats.failed, stats.timeouts) == (1, 0, 0)


async def test_an_answer_that_is_too_slow_ends_at_the_command_deadline_and_its_rest_is_seen_by_nobody(
    postgres, proxy, load
):
    document = {
        "url": postgres.url(port=proxy.port, sslmode="disable"),
        "pool": {"size": 1, "max_overflow": 0, "timeout": "20s"},
        "timeouts": {"command": COMMAND, "close": CLOSE},
    }
    async with load(db=document) as registry:
        await ask(registry)
        proxy.down = NARROW

        with at_most(COMMAND + CLOSE + COMMAND + MARGIN):
            (error,) = await outcomes([wide_row(registry)])
        proxy.heal()

        assert classify(error).kind is FailureKind.TIMEOUT
        assert await ask(registry) == 1
        stats = await settled(registry)
        assert (stats.created, stats.closed, stats.timeouts) == (2, 1, 0)


async def wide_row(registry) -> str:
    async with registry.session("db") as session:
        return str(await session.scalar(WIDE_ROW))


async def test_answers_that_come_byte_by_byte_are_the_same(postgres, proxy, load):
    proxy.up = proxy.down = BYTE_BY_BYTE
    async with load(
        near={"url": postgres.url()}, db={"url": postgres.url(port=proxy.port), "pool": {"reset": "full"}}
    ) as registry:
        for statement, parameters in ANSWERS:
            rows = [await all_rows(registry, name, statement, parameters) for name in ("near", "db", "db")]

            assert rows[0] == rows[1] == rows[2] != []
        with pytest.raises(DBAPIError, match="division by zero"):
            await all_rows(registry, "db", "SELECT 1 / 0", {})
        async with registry.session("db") as session:
            assert await session.scalar(ONE) == 1
        stats = await settled(registry)
        assert (stats.created, stats.failed) == (1, 0)


async def all_rows(registry, name, statement, parameters) -> list[tuple]:
    async with registry.session(name) as session:
        return [tuple(row) for row in await session.execute(text(statement), parameters)]

"""`timeouts.command` on a dead peer: an error in time, and no cancellation out of nowhere."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from connmgr import CommitOutcomeUnknown
from tests.faults.measure import at_most
from tests.faults.pool.books import ONE, ask, settled

COMMAND, CLOSE = 0.2, 0.4
ENDS = COMMAND + CLOSE + 0.7
OURS = {
    "session": lambda registry: registry.session("db"),
    "begin": lambda registry: registry.begin("db"),
    "connect": lambda registry: registry.connect("db"),
}
SQLALCHEMYS = {
    "engine.connect": lambda registry: registry.engine("db").connect(),
    "engine.begin": lambda registry: registry.engine("db").begin(),
    "AsyncSession": lambda registry: AsyncSession(registry.engine("db")),
}
BLOCKS = {**OURS, **SQLALCHEMYS}


@pytest.fixture
async def registry(postgres, proxy, load):
    document = {
        "url": postgres.url(port=proxy.port, sslmode="disable"),
        "pool": {"size": 1, "max_overflow": 0, "timeout": "20s"},
        "timeouts": {"command": COMMAND, "close": CLOSE},
    }
    async with load(db=document) as registry:
        yield registry


async def assert_the_slot_is_back(registry, proxy) -> None:
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    proxy.heal()
    assert await ask(registry) == 1
    await settled(registry)


@pytest.mark.parametrize("block", OURS.values(), ids=OURS)
async def test_a_statement_without_an_answer_raises_in_time_and_gives_the_slot_back(proxy, registry, block):
    async def ask_in_vain() -> None:
        async with block(registry) as opened:
            await opened.execute(ONE)
            proxy.blackhole()
            await opened.execute(ONE)

    with at_most(ENDS), pytest.raises((TimeoutError, DBAPIError)):
        await ask_in_vain()

    await assert_the_slot_is_back(registry, proxy)


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
async def test_leaving_a_block_ends_in_time_and_gives_the_slot_back(proxy, registry, block):
    """A commit without an answer raises. SQLAlchemy's own blocks, and commits, end by this setting alone.
    What came of the commit of `begin` is unknown then.
    """
    opened = block(registry)
    connection = await opened.__aenter__()
    await connection.execute(ONE)
    proxy.blackhole()

    with at_most(ENDS), contextlib.suppress(TimeoutError, DBAPIError, CommitOutcomeUnknown):
        await opened.__aexit__(None, None, None)

    await assert_the_slot_is_back(registry, proxy)

"""One memory database per profile: shared by its sessions, kept apart from others, gone after close."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from connmgr import Registry
from tests.rig.wait import wait_until

Load = Callable[..., Registry]
MEMORY = {"url": "sqlite://"}
WRITERS = 50
CREATE = text("CREATE TABLE item (writer INTEGER, half TEXT, PRIMARY KEY (writer, half))")
INSERT = text("INSERT INTO item (writer, half) VALUES (:writer, :half)")
HALVES = text("SELECT writer, count(*) AS rows FROM item GROUP BY writer")


@pytest.fixture
async def memory(load: Load) -> AsyncIterator[Registry]:
    """An open registry whose profile `test` is a memory database with the table `item`."""
    async with load(test=MEMORY) as registry:
        async with registry.begin("test") as session:
            await session.execute(CREATE)

        yield registry


async def halves(registry: Registry) -> dict[int, int]:
    """How many of its two rows each writer has."""
    async with registry.session("test") as session:
        return {row.writer: row.rows for row in await session.execute(HALVES)}


async def test_what_one_session_commits_another_reads(memory: Registry) -> None:
    async with memory.begin("test") as session:
        await session.execute(INSERT, {"writer": 1, "half": "left"})

    assert await halves(memory) == {1: 1}


async def test_a_rollback_of_one_session_leaves_what_another_committed(memory: Registry) -> None:
    async with memory.session("test") as first:
        await first.execute(text("SELECT 1"))
        async with memory.begin("test") as second:
            await second.execute(INSERT, {"writer": 2, "half": "left"})
        await first.rollback()

    assert await halves(memory) == {2: 1}


async def test_foreign_keys_are_on(memory: Registry) -> None:
    async with memory.begin("test") as session:
        await session.execute(text("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
        await session.execute(text("CREATE TABLE child (id INTEGER REFERENCES parent (id))"))
    with pytest.raises(IntegrityError, match="FOREIGN KEY"):
        await add_child(memory)


async def add_child(registry: Registry) -> None:
    async with registry.begin("test") as session:
        await session.execute(text("INSERT INTO child (id) VALUES (99)"))


async def test_two_profiles_in_memory_are_two_databases(load: Load) -> None:
    async with load(test=MEMORY, other=MEMORY) as registry:
        async with registry.begin("test") as session:
            await session.execute(CREATE)
        async with registry.session("other") as session:
            tables = (await session.execute(text("SELECT count(*) FROM sqlite_master"))).scalar_one()

    assert tables == 0


async def test_a_memory_database_is_gone_after_close(memory: Registry) -> None:
    await memory.close()
    memory.open()

    with pytest.raises(OperationalError, match="no such table"):
        await halves(memory)


async def write(registry: Registry, writer: int, acknowledged: set[int]) -> None:
    """Insert two rows in one transaction and take note once it is committed."""
    async with registry.begin("test") as session:
        for half in ("left", "right"):
            await session.execute(INSERT, {"writer": writer, "half": half})
    acknowledged.add(writer)


async def change_mind(registry: Registry, writer: int) -> None:
    """Insert two rows and roll them back."""
    async with registry.session("test") as session:
        for half in ("left", "right"):
            await session.execute(INSERT, {"writer": writer, "half": half})
        await session.rollback()


async def read_on(registry: Registry, seen: list[dict[int, int]], stop: asyncio.Event) -> None:
    while not stop.is_set():
        seen.append(await halves(registry))


@pytest.mark.parametrize("seed", range(4))
async def test_fifty_writers_lose_no_row_and_show_none_before_its_time(memory: Registry, seed: int) -> None:
    chance = random.Random(seed)
    threads = threading.active_count()
    acknowledged: set[int] = set()
    seen: list[dict[int, int]] = []
    stop = asyncio.Event()
    reader = asyncio.create_task(read_on(memory, seen, stop))
    await wait_until(lambda: bool(seen))

    writers = {writer: asyncio.create_task(write(memory, writer, acknowledged)) for writer in range(WRITERS)}
    undecided = {writer: asyncio.create_task(change_mind(memory, writer)) for writer in range(100, 110)}
    doomed = set(chance.sample(range(WRITERS), 20))
    for writer in doomed:
        asyncio.get_running_loop().call_later(chance.uniform(0, 0.3), writers[writer].cancel)
    results = await asyncio.gather(*writers.values(), *undecided.values(), return_exceptions=True)
    stop.set()
    await reader
    left = await halves(memory)

    assert [result for result in results if result is not None and not _is_cancelled(result)] == []
    assert set(range(WRITERS)) - doomed <= acknowledged <= set(left)
    assert set(left) - acknowledged <= doomed
    assert {count for view in (*seen, left) for count in view.values()} <= {2}
    assert not {writer for view in (*seen, left) for writer in view} & set(undecided)
    stats = memory.stats("test")
    assert (stats.open, stats.in_use, stats.created) == (0, 0, stats.closed)
    await wait_until(lambda: threading.active_count() <= threads)


def _is_cancelled(result: Any) -> bool:
    return isinstance(result, asyncio.CancelledError)

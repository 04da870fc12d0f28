"""SQLite files: foreign keys, a busy time-out, write-ahead logging, and a connection per session."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from connmgr import Registry
from connmgr.engine.drivers import sqlite as driver
from tests.rig.wait import wait_until

Load = Callable[..., Registry]
ENDLESS = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "orders.db"


@pytest.fixture
async def file(load: Load, path: Path) -> AsyncIterator[Registry]:
    """An open registry whose profile `orders` is a file with the table `item`."""
    async with load(orders={"url": f"sqlite:///{path}"}) as registry:
        async with registry.begin("orders") as session:
            await session.execute(text("CREATE TABLE item (id INTEGER PRIMARY KEY)"))
            await session.execute(text("CREATE TABLE part (item_id INTEGER REFERENCES item (id))"))

        yield registry


async def ask(registry: Registry, question: str) -> Any:
    async with registry.session("orders") as session:
        return (await session.execute(text(question))).scalar_one()


async def write(registry: Registry, statement: str) -> None:
    async with registry.begin("orders") as session:
        await session.execute(text(statement))


@pytest.mark.parametrize(
    ("pragma", "value"), [("foreign_keys", 1), ("journal_mode", "wal"), ("busy_timeout", 5000)]
)
async def test_every_connection_to_a_file_has_its_pragmas(file: Registry, pragma: str, value: object) -> None:
    assert [await ask(file, f"PRAGMA {pragma}") for _ in range(2)] == [value, value]


async def test_a_foreign_key_that_points_nowhere_is_refused(file: Registry) -> None:
    with pytest.raises(IntegrityError, match="FOREIGN KEY"):
        await write(file, "INSERT INTO part (item_id) VALUES (99)")


async def test_a_reader_goes_on_while_another_session_writes(file: Registry) -> None:
    async with file.session("orders") as writer:
        await writer.execute(text("INSERT INTO item (id) VALUES (1)"))

        assert await ask(file, "SELECT count(*) FROM item") == 0


async def test_a_second_writer_waits_for_the_first(file: Registry) -> None:
    async with file.session("orders") as first:
        await first.execute(text("INSERT INTO item (id) VALUES (1)"))
        second = asyncio.create_task(write(file, "INSERT INTO item (id) VALUES (2)"))
        await wait_until(lambda: file.stats("orders").in_use == 2)
        waits = not second.done()
        await first.commit()
        await second

    assert waits
    assert await ask(file, "SELECT count(*) FROM item") == 2


async def test_a_writer_that_waits_too_long_is_told_that_the_database_is_locked(
    file: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "BUSY_TIMEOUT", 0.1)

    async with file.session("orders") as first:
        await first.execute(text("INSERT INTO item (id) VALUES (1)"))
        started = time.monotonic()
        with pytest.raises(OperationalError, match="database is locked"):
            await write(file, "INSERT INTO item (id) VALUES (2)")

    assert time.monotonic() - started >= 0.1


async def test_each_session_opens_the_file_for_itself_and_closes_it(file: Registry) -> None:
    before = file.stats("orders")
    async with file.session("orders") as first, file.session("orders") as second:
        await first.execute(text("SELECT 1"))
        await second.execute(text("SELECT 1"))
        during = file.stats("orders")
    after = file.stats("orders")

    assert (before.mode, before.max) == ("none", None)
    assert (before.open, during.open, during.in_use, after.open) == (0, 2, 2, 0)
    assert (after.created - before.created, after.closed - before.closed) == (2, 2)


async def test_a_pooled_file_keeps_its_connections(load: Load, path: Path) -> None:
    profile = {"url": f"sqlite:///{path}", "pool": {"mode": "pooled", "size": 1, "max_overflow": 0}}

    async with load(orders=profile) as registry:
        for _ in range(3):
            assert await ask(registry, "SELECT 1") == 1
        stats = registry.stats("orders")

    assert (stats.mode, stats.size, stats.max) == ("pooled", 1, 1)
    assert (stats.open, stats.idle, stats.checkouts, stats.created, stats.closed) == (1, 1, 3, 1, 0)


async def test_a_file_in_a_directory_that_does_not_exist_is_an_error_of_the_database(
    load: Load, tmp_path: Path
) -> None:
    async with load(orders={"url": f"sqlite:///{tmp_path}/nowhere/orders.db"}) as registry:
        with pytest.raises(DBAPIError, match="unable to open database file"):
            await ask(registry, "SELECT 1")

        assert registry.stats("orders").failed == 1


@pytest.fixture
def garbage(path: Path) -> Path:
    path.write_text("no database, " * 100)
    return path


async def test_a_file_of_garbage_is_an_error_of_the_database_and_unhealthy(load: Load, garbage: Path) -> None:
    async with load(orders={"url": f"sqlite:///{garbage}"}) as registry:
        with pytest.raises(DBAPIError, match="not a database"):
            await ask(registry, "SELECT 1")

        assert await registry.is_healthy("orders") is False


async def test_closing_interrupts_a_statement_that_never_ends(file: Registry) -> None:
    async def never_end() -> None:
        async with file.session("orders") as session:
            await session.execute(ENDLESS)

    running = asyncio.create_task(never_end())
    await wait_until(lambda: file.stats("orders").in_use == 1)

    started = time.monotonic()
    await file.close(grace=0.1)
    with pytest.raises(DBAPIError):
        await running

    assert time.monotonic() - started < 2.0


async def test_a_cancelled_statement_is_interrupted(file: Registry) -> None:
    async def never_end() -> None:
        async with file.session("orders") as session:
            await session.execute(ENDLESS)

    running = asyncio.create_task(never_end())
    await wait_until(lambda: file.stats("orders").in_use == 1)

    started = time.monotonic()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert time.monotonic() - started < 2.0
    assert file.stats("orders").open == 0


async def test_no_thread_is_left_after_closing(file: Registry) -> None:
    async with file.session("orders") as session:
        await session.execute(text("SELECT 1"))
        during = threading.active_count()
    await file.close()

    await wait_until(lambda: threading.active_count() < during)

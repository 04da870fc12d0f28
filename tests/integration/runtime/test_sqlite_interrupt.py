"""A cancelled statement on SQLite ends at once, and nothing of it stays: no lock, no file, no thread."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection

from connmgr import Registry
from tests.rig.wait import wait_until

Load = Callable[..., Registry]
PROMPT = 3.0
"""Seconds; SQLite's own wait for a lock, and the statements here, would take longer."""
ENDLESS = text("WITH RECURSIVE n(i) AS (SELECT begun() UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")
INSERT = text("INSERT INTO item (id) VALUES (1)")
PROFILES: dict[str, dict[str, Any]] = {
    "file": {"url": "sqlite:///{path}"},
    "memory": {"url": "sqlite://"},
    "pooled": {"url": "sqlite:///{path}", "pool": {"mode": "pooled", "size": 1, "max_overflow": 0}},
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "orders.db"


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Without the garbage collector, which would hide what an exception's frames keep open."""
    gc.disable()

    yield

    gc.enable()


@pytest.fixture(params=PROFILES)
async def registry(
    load: Load, path: Path, request: pytest.FixtureRequest, no_collector: None
) -> AsyncIterator[Registry]:
    """An open registry whose profile `orders` has the table `item`."""
    profile = PROFILES[request.param]
    async with load(orders={**profile, "url": profile["url"].format(path=path)}) as registry:
        async with registry.begin("orders") as session:
            await session.execute(text("CREATE TABLE item (id INTEGER)"))

        yield registry


async def driver_connection(scope: Any) -> aiosqlite.Connection:
    connection = scope if isinstance(scope, AsyncConnection) else await scope.connection()
    raw = await connection.get_raw_connection()
    return raw.driver_connection  # type: ignore[no-any-return]


async def never_end(scope: Any, begun: threading.Event) -> None:
    """Write a row and run a statement without an end; `begun` says that it runs."""
    await (await driver_connection(scope)).create_function("begun", 0, begun.set)
    await scope.execute(INSERT)
    await scope.execute(ENDLESS)


async def count(registry: Registry) -> int:
    async with registry.session("orders") as session:
        return int((await session.execute(text("SELECT count(*) FROM item"))).scalar_one())


async def write(registry: Registry) -> None:
    async with registry.begin("orders") as session:
        await session.execute(INSERT)


@pytest.mark.parametrize("scope", ["session", "begin", "connect"])
async def test_a_cancelled_statement_ends_at_once_and_its_writes_with_it(
    registry: Registry, scope: str
) -> None:
    begun = threading.Event()

    async def work() -> None:
        async with getattr(registry, scope)("orders") as opened:
            await never_end(opened, begun)

    running = asyncio.create_task(work())
    await wait_until(begun.is_set)
    started = time.monotonic()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await write(registry)

    assert time.monotonic() - started < PROMPT
    assert await count(registry) == 1


async def test_a_statement_past_its_time_out_ends_and_the_session_goes_on(registry: Registry) -> None:
    begun = threading.Event()
    started = time.monotonic()

    async with registry.session("orders") as session:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await never_end(session, begun)
        await session.rollback()
        left = (await session.execute(text("SELECT count(*) FROM item"))).scalar_one()

    assert begun.is_set()
    assert left == 0
    assert time.monotonic() - started < PROMPT


def open_files(path: Path) -> list[str]:
    links = []
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            links.append(str(link.readlink()))
    return [link for link in links if link.startswith(str(path))]


@pytest.mark.skipif(sys.platform != "linux", reason="Linux lists a process's open files")
@pytest.mark.parametrize("registry", ["file"], indirect=True)
async def test_no_thread_and_no_open_file_is_left_of_a_cancelled_statement(
    registry: Registry, path: Path
) -> None:
    begun, threads = threading.Event(), threading.active_count()

    async def work() -> None:
        async with registry.session("orders") as session:
            await never_end(session, begun)

    running = asyncio.create_task(work())
    await wait_until(begun.is_set)
    running.cancel()
    ended = (await asyncio.gather(running, return_exceptions=True))[0]

    assert isinstance(ended, asyncio.CancelledError)
    await wait_until(lambda: threading.active_count() <= threads)
    assert open_files(path) == []


@pytest.mark.parametrize("registry", ["file"], indirect=True)
async def test_a_cancelled_statement_that_had_yet_to_begin_does_not_run_to_its_end(
    registry: Registry,
) -> None:
    threads, gate, begun = threading.active_count(), threading.Event(), threading.Event()
    queues: list[Any] = []

    async def work() -> None:
        async with registry.connect("orders") as connection:
            driver = await driver_connection(connection)
            await driver.create_function("begun", 0, begun.set)

            def hold_up(*_: object) -> None:
                driver._tx.put_nowait((None, gate.wait))
                queues.append(driver._tx)

            event.listen(connection.sync_connection, "before_cursor_execute", hold_up)
            await connection.execute(ENDLESS)

    running = asyncio.create_task(work())
    await wait_until(lambda: bool(queues) and queues[0].qsize() == 1)
    running.cancel()
    await asyncio.wait([running], timeout=PROMPT)
    was_waited_for = not running.cancelled()
    gate.set()

    await wait_until(lambda: threading.active_count() <= threads)
    assert not was_waited_for


@pytest.mark.parametrize("registry", ["file", "memory"], indirect=True)
async def test_a_cancelled_wait_for_a_lock_is_not_waited_for_and_writes_nothing(registry: Registry) -> None:
    threads = threading.active_count()

    async with registry.session("orders") as holder:
        await holder.execute(INSERT)
        waiting = asyncio.create_task(write(registry))
        await wait_until(lambda: registry.stats("orders").in_use == 2)
        started = time.monotonic()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        took = time.monotonic() - started
        await holder.commit()

    assert took < PROMPT
    await wait_until(lambda: threading.active_count() <= threads)
    assert await count(registry) == 1

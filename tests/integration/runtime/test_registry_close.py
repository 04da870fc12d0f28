"""Closing waits for who is out, then closes under them and says who they were."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InvalidRequestError

from connmgr import EngineRetired, Holder, Registry, RegistryClosed

Load = Callable[..., Registry]
Log = list[dict[str, Any]]
LONG = 60.0
SHORT = 0.05
AT_ONCE = 2.0
"""Seconds that are plenty for closing and far less than any grace here."""


class Worker:
    """A task that holds a session until it is let go."""

    def __init__(self, registry: Registry, name: str = "orders") -> None:
        self.holds = asyncio.Event()
        self.let_go = asyncio.Event()
        self.task = asyncio.create_task(self._work(registry, name), name=f"worker of {name}")

    async def _work(self, registry: Registry, name: str) -> int:
        async with registry.session(name) as session:
            await session.execute(text("SELECT 1"))
            self.holds.set()
            await self.let_go.wait()
            return int((await session.execute(text("SELECT 2"))).scalar_one())


async def test_closing_waits_for_a_session_that_is_out_and_refuses_new_ones(registry: Registry) -> None:
    worker = Worker(registry)
    await worker.holds.wait()

    closing = asyncio.create_task(registry.close(grace=LONG))
    await asyncio.sleep(0)
    with pytest.raises(RegistryClosed):
        registry.session("orders")
    worker.let_go.set()

    assert await worker.task == 2
    assert await closing == ()


async def test_a_session_that_is_out_checks_connections_out_while_it_is_waited_for(
    registry: Registry,
) -> None:
    async with registry.session("orders") as session:
        closing = asyncio.create_task(registry.close(grace=LONG))
        await asyncio.sleep(0)

        for _ in range(3):
            assert (await session.execute(text("SELECT 1"))).scalar_one() == 1
            await session.commit()

    assert await closing == ()


async def test_after_the_grace_a_session_is_cut_and_its_holder_is_named(registry: Registry, log: Log) -> None:
    worker = Worker(registry)
    await worker.holds.wait()

    (holder,) = await registry.close(grace=SHORT)
    worker.let_go.set()
    with pytest.raises(DBAPIError):
        await worker.task

    assert holder == Holder("orders", "worker of orders", holder.held_for)
    assert SHORT <= holder.held_for < LONG
    (record,) = [record for record in log if record["level"].name == "WARNING"]
    assert "'worker of orders'" in record["message"]
    assert record["extra"]["profile"] == "orders"
    assert record["extra"]["task"] == "worker of orders"


async def test_a_session_that_was_cut_gets_no_new_connection_and_stays_closed(registry: Registry) -> None:
    async with registry.session("orders") as session:
        await session.execute(text("SELECT 1"))
        await registry.close(grace=SHORT)

        with pytest.raises(DBAPIError):
            await session.execute(text("SELECT 1"))
        await session.rollback()
        with pytest.raises(EngineRetired, match=r"profile 'orders'.*open a new session from the registry"):
            await session.execute(text("SELECT 1"))

    with pytest.raises(InvalidRequestError, match="closed"):
        await session.execute(text("SELECT 1"))


async def test_an_unused_session_that_is_out_at_the_end_gets_no_connection(registry: Registry) -> None:
    async with registry.session("orders") as session:
        (holder,) = await registry.close(grace=SHORT)

        with pytest.raises(EngineRetired):
            await session.execute(text("SELECT 1"))

    assert holder.profile == "orders"


async def test_a_cut_wakes_a_statement_that_still_runs(postgres: Any, database: str, load: Load) -> None:
    registry = load(orders={"url": postgres.url(dbname=database)})
    running = asyncio.Event()

    async def sleep_on_the_server() -> None:
        async with registry.session("orders") as session:
            await session.execute(text("SELECT 1"))
            running.set()
            await session.execute(text("SELECT pg_sleep(60)"))

    registry.open()
    task = asyncio.create_task(sleep_on_the_server())
    await running.wait()
    started = time.monotonic()
    await registry.close(grace=SHORT)
    with pytest.raises(DBAPIError):
        await task

    assert time.monotonic() - started < AT_ONCE


async def test_two_that_close_at_once_both_wait_until_it_is_closed(registry: Registry) -> None:
    worker = Worker(registry)
    await worker.holds.wait()

    first = asyncio.create_task(registry.close(grace=LONG))
    second = asyncio.create_task(registry.close(grace=LONG))
    done, _ = await asyncio.wait({first, second}, timeout=SHORT)
    worker.let_go.set()
    await worker.task

    assert done == set()
    assert [await first, await second] == [(), ()]


async def test_a_registry_opened_again_while_it_closes_stays_open(registry: Registry) -> None:
    worker = Worker(registry)
    await worker.holds.wait()

    closing = [asyncio.create_task(registry.close(grace=LONG)) for _ in range(2)]
    await asyncio.sleep(0)
    registry.open()
    async with registry.session("orders") as session:
        worker.let_go.set()
        await asyncio.gather(worker.task, *closing)

        assert (await session.execute(text("SELECT 1"))).scalar_one() == 1


async def test_closing_that_is_cancelled_stops_waiting_and_closes_at_once(
    registry: Registry, log: Log
) -> None:
    worker = Worker(registry)
    await worker.holds.wait()
    engine = registry.engine("orders")

    closing = asyncio.create_task(registry.close(grace=LONG))
    await asyncio.wait({closing}, timeout=SHORT)
    started = time.monotonic()
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    worker.let_go.set()
    with pytest.raises(DBAPIError):
        await worker.task

    assert time.monotonic() - started < AT_ONCE
    with pytest.raises(EngineRetired):
        await engine.connect()
    assert [record["extra"]["task"] for record in log if "task" in record["extra"]] == ["worker of orders"]

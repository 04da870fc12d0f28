"""Core connections by profile name: checked out on entry, returned on exit, errors as for sessions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ResourceClosedError

from connmgr import EngineRetired, PoolTimeout, Registry
from tests.rig.wait import forever

Load = Callable[..., Registry]
Log = list[dict[str, Any]]


async def items(registry: Registry) -> list[int]:
    async with registry.connect("orders") as connection:
        return list((await connection.execute(text("SELECT id FROM item ORDER BY id"))).scalars())


async def insert_and_fail(registry: Registry, error: Exception) -> None:
    async with registry.connect("orders") as connection:
        await connection.execute(text("INSERT INTO item (id) VALUES (1)"))
        raise error


async def test_what_the_caller_commits_stays_and_the_rest_is_rolled_back(registry: Registry) -> None:
    async with registry.connect("orders") as connection:
        await connection.execute(text("INSERT INTO item (id) VALUES (1)"))
        await connection.commit()
        await connection.execute(text("INSERT INTO item (id) VALUES (2)"))

    assert await items(registry) == [1]


async def test_a_connection_is_checked_out_on_entry_and_returned_on_exit(registry: Registry) -> None:
    scope = registry.connect("orders")
    before = registry.stats("orders").in_use
    async with scope:
        inside = registry.stats("orders").in_use

    assert (before, inside, registry.stats("orders").in_use) == (0, 1, 0)


async def test_after_its_block_a_connection_is_closed(registry: Registry) -> None:
    async with registry.connect("orders") as connection:
        pass

    with pytest.raises(ResourceClosedError):
        await connection.execute(text("SELECT 1"))


async def test_an_error_passes_unchanged_noted_and_logged_once(registry: Registry, log: Log) -> None:
    error = ValueError("of the application")

    with pytest.raises(ValueError, match="of the application") as failure:
        await insert_and_fail(registry, error)

    assert failure.value is error
    (note,) = error.__notes__
    assert note.startswith("connmgr: profile 'orders', pool: 1 in use of ")
    assert [record["extra"]["profile"] for record in log] == ["orders"]
    assert await items(registry) == []


async def test_a_cancellation_returns_the_connection_and_is_not_logged(registry: Registry, log: Log) -> None:
    working = asyncio.Event()

    async def work() -> None:
        async with registry.connect("orders") as connection:
            await connection.execute(text("SELECT 1"))
            working.set()
            await forever()

    task = asyncio.create_task(work())
    await working.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert registry.stats("orders").in_use == 0
    assert log == []


async def test_a_connection_that_cannot_be_had_is_noted_logged_and_holds_nothing_up(
    load: Load, log: Log
) -> None:
    registry = load(orders={"url": "postgresql://app@127.0.0.1:1/orders", "pool": {"timeout": "100ms"}})
    registry.open()

    with pytest.raises(PoolTimeout) as failure:
        async with registry.connect("orders"):
            pass

    assert failure.value.__notes__[0].startswith("connmgr: profile 'orders', pool: 0 in use of ")
    assert [record["extra"]["kind"] for record in log] == ["refused"]
    assert await registry.close(grace=60) == ()


async def test_a_connection_that_is_out_at_the_end_is_cut_and_its_holder_named(registry: Registry) -> None:
    async with registry.connect("orders") as connection:
        await connection.execute(text("SELECT 1"))
        (holder,) = await registry.close(grace=0.05)

        with pytest.raises(DBAPIError):
            await connection.execute(text("SELECT 1"))

    assert holder.profile == "orders"


async def test_a_connection_that_is_entered_after_the_end_is_refused(registry: Registry) -> None:
    scope = registry.connect("orders")
    await registry.close(grace=0.05)

    with pytest.raises(EngineRetired):
        await scope.__aenter__()

"""An error in a session's block passes unchanged, is noted for people and logged once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from connmgr import PoolTimeout, Registry
from connmgr.runtime.session import ManagedSession
from tests.rig.wait import forever

Load = Callable[..., Registry]
Log = list[dict[str, Any]]
MEMORY = {"url": "sqlite://"}
CANARY = "hunter2-canary"


def notes(error: BaseException) -> list[str]:
    return getattr(error, "__notes__", [])


async def fail(registry: Registry, error: Exception) -> None:
    async with registry.session("orders") as session:
        await session.execute(text("SELECT 1"))
        raise error


async def fail_in_both(inner: ManagedSession, outer: ManagedSession, error: Exception) -> None:
    async with outer, inner:
        await outer.execute(text("SELECT 1"))
        await inner.execute(text("SELECT 1"))
        raise error


async def execute(registry: Registry, *statements: str, **parameters: object) -> None:
    async with registry.begin("orders") as session:
        for statement in statements:
            await session.execute(text(statement), parameters)


async def test_the_error_is_the_very_object_that_was_raised(registry: Registry) -> None:
    error = ValueError("of the application")

    with pytest.raises(ValueError, match="of the application") as failure:
        await fail(registry, error)

    assert failure.value is error
    assert error.args == ("of the application",)


async def test_the_error_has_one_note_with_the_profile_and_every_counter(registry: Registry) -> None:
    with pytest.raises(ValueError, match="of the application") as failure:
        await fail(registry, ValueError("of the application"))

    (note,) = notes(failure.value)
    assert note.startswith("connmgr: profile 'orders', pool: 1 in use of ")
    for counter in ("idle", "connecting", "waiting", "checkouts", "timeouts", "created", "failed", "closed"):
        assert counter in note


async def test_the_error_is_logged_once_with_its_profile(registry: Registry, log: Log) -> None:
    with pytest.raises(IntegrityError):
        await execute(registry, *["INSERT INTO item (id) VALUES (1)"] * 2)

    (record,) = log
    assert record["level"].name == "ERROR"
    assert record["extra"]["profile"] == "orders"
    assert record["extra"]["error"] in record["message"]
    assert "in use" in record["extra"]["pool"]


async def test_through_nested_sessions_of_one_profile_the_error_is_logged_once(
    registry: Registry, log: Log
) -> None:
    error = ValueError("of the application")

    with pytest.raises(ValueError, match="of the application") as failure:
        await fail_in_both(registry.session("orders"), registry.session("orders"), error)

    assert failure.value is error
    assert [record["extra"]["profile"] for record in log] == ["orders"]
    assert registry.stats("orders").in_use == 0


async def test_through_sessions_of_two_profiles_the_error_is_logged_once_and_noted_for_both(
    load: Load, log: Log
) -> None:
    async with load(orders=MEMORY, billing=MEMORY) as registry:
        with pytest.raises(ValueError, match="of the application") as failure:
            await fail_in_both(
                registry.session("orders"), registry.begin("billing"), ValueError("of the application")
            )

    assert [record["extra"]["profile"] for record in log] == ["orders"]
    inner_note, outer_note = notes(failure.value)
    assert inner_note.startswith("connmgr: profile 'orders', ")
    assert outer_note.startswith("connmgr: profile 'billing', ")


async def test_two_errors_are_logged_twice(load: Load, log: Log) -> None:
    async with load(orders=MEMORY) as registry:
        for _ in range(2):
            with pytest.raises(ValueError, match="of the application"):
                await fail(registry, ValueError("of the application"))

    assert len(log) == 2


async def test_a_cancellation_is_neither_logged_nor_noted(registry: Registry, log: Log) -> None:
    working = asyncio.Event()
    seen: list[BaseException] = []

    async def work() -> None:
        try:
            async with registry.session("orders") as session:
                await session.execute(text("SELECT 1"))
                working.set()
                await forever()
        except asyncio.CancelledError as error:
            seen.append(error)
            raise

    task = asyncio.create_task(work())
    await working.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert [notes(error) for error in seen] == [[]]
    assert log == []
    assert registry.stats("orders").in_use == 0


async def test_an_error_of_the_commit_is_noted_and_logged_once(registry: Registry, log: Log) -> None:
    with pytest.raises(IntegrityError) as failure:
        await execute(registry, "INSERT INTO part (item_id) VALUES (99)")

    kind, profile = notes(failure.value)
    assert kind.startswith("connmgr: constraint: the row breaks a rule of its table")
    assert profile.startswith("connmgr: profile 'orders', pool: ")
    assert [record["extra"]["profile"] for record in log] == ["orders"]


async def test_an_error_while_connecting_is_noted_and_logged_once(load: Load, log: Log) -> None:
    refused = {"url": "postgresql://app@127.0.0.1:1/orders", "pool": {"timeout": "100ms"}}

    async with load(orders=refused) as registry:
        with pytest.raises(PoolTimeout) as failure:
            await execute(registry, "SELECT 1")

    (note,) = notes(failure.value)
    assert "1 timeouts" in note
    assert [record["extra"]["kind"] for record in log] == ["refused"]


@pytest.mark.parametrize(
    "statement", ["SELECT :canary FROM nowhere", "INSERT INTO item (id, name) VALUES (1, :canary)"]
)
async def test_a_statements_parameter_is_in_no_note_and_no_log(
    registry: Registry, log: Log, statement: str
) -> None:
    await execute(registry, "INSERT INTO item (id, name) VALUES (1, 'first')")

    with pytest.raises(DBAPIError) as failure:
        await execute(registry, statement, canary=CANARY)

    assert CANARY not in str(failure.value)
    assert CANARY not in "".join(notes(failure.value))
    assert len(log) == 1
    assert CANARY not in str(log)


async def fail_on_a_dead_connection(registry: Registry, error: Exception) -> None:
    async with registry.session("orders") as session:
        raw = await (await session.connection()).get_raw_connection()
        await raw.driver_connection.close()  # type: ignore[union-attr]
        raise error


async def test_an_error_of_closing_does_not_take_the_place_of_the_one_in_progress(registry: Registry) -> None:
    error = ValueError("of the application")

    with pytest.raises(ValueError, match="of the application") as failure:
        await fail_on_a_dead_connection(registry, error)

    assert failure.value is error
    assert registry.stats("orders").in_use == 0

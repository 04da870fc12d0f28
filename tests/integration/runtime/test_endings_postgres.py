"""How sessions and registries end on a real server: nothing stays open, goes on, or is silent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError

from connmgr import EngineRetired, Registry
from tests.rig.wait import wait_until

Load = Callable[..., Registry]
ONE = text("SELECT 1")
SLEEP = "SELECT pg_sleep(60)"


@pytest.fixture
def orders(postgres: Any, database: str, load: Load) -> Registry:
    """A closed registry of one profile, `orders`, with a pool of two connections."""
    pool = {"size": 2, "max_overflow": 0, "timeout": 20}
    return load(orders={"url": postgres.url(dbname=database), "pool": pool})


async def ask(registry: Registry, statement: str = "SELECT 1") -> Any:
    async with registry.session("orders") as session:
        return (await session.execute(text(statement))).scalar()


async def test_a_closed_registry_gives_no_connection_to_those_who_waited(
    postgres: Any, orders: Registry
) -> None:
    orders.open()
    held = [orders.session("orders") for _ in range(2)]
    for session in held:
        await session.execute(ONE)
    waiter = asyncio.create_task(ask(orders))
    await wait_until(lambda: orders.stats("orders").waiting == 1)

    await orders.close(grace=0)
    for session in held:
        with suppress(InterfaceError):
            await session.close()

    with pytest.raises(EngineRetired):
        await waiter
    await wait_until(lambda: postgres.backends("connmgr/orders") == 0)


async def test_a_statement_that_runs_at_a_hard_close_is_cancelled_on_the_server(
    postgres: Any, database: str, orders: Registry
) -> None:
    count = f"SELECT count(*) FROM pg_stat_activity WHERE query = '{SLEEP}' AND state = 'active'"
    orders.open()
    running = asyncio.create_task(ask(orders, SLEEP))
    await wait_until(lambda: postgres.sql(count) == "1")

    await orders.close(grace=0)

    with pytest.raises(DBAPIError):
        await running
    await wait_until(lambda: postgres.sql(count) == "0")


async def test_an_exception_that_takes_no_note_still_closes_its_session(orders: Registry) -> None:
    @dataclass(frozen=True)
    class FrozenError(Exception):
        code: int

    async with orders:
        with pytest.raises(FrozenError):  # noqa: PT012 - the block is what is left by the error
            async with orders.session("orders") as session:
                await session.execute(ONE)
                raise FrozenError(7)

        assert orders.stats("orders").in_use == 0


async def test_one_dead_connection_is_replaced_and_the_live_ones_stay(
    postgres: Any, orders: Registry
) -> None:
    async with orders:
        async with orders.session("orders") as first, orders.session("orders") as second:
            await first.execute(ONE)
            dead = (await second.execute(text("SELECT pg_backend_pid()"))).scalar()
        postgres.sql(f"SELECT pg_terminate_backend({dead})")
        await wait_until(lambda: postgres.backends("connmgr/orders") == 1)
        await asyncio.sleep(0)

        async with orders.session("orders") as first, orders.session("orders") as second:
            await first.execute(ONE)
            await second.execute(ONE)

        assert orders.stats("orders").created == 3


async def test_an_error_of_the_last_rollback_names_its_profile(orders: Registry) -> None:
    """Another task still works on the connection, which is the application's mistake."""
    async with orders:
        with pytest.raises(InterfaceError, match="another operation is in progress") as failure:  # noqa: PT012
            async with orders.session("orders") as session:
                await session.execute(ONE)
                raw = await (await session.connection()).get_raw_connection()
                driver_connection: Any = raw.driver_connection
                busy = asyncio.create_task(driver_connection.execute("SELECT pg_sleep(30)"))
                await asyncio.sleep(0)
        await asyncio.wait({busy})

    assert isinstance(busy.exception(), asyncpg.PostgresError)
    assert failure.value.__notes__[0].startswith("connmgr: profile 'orders'")

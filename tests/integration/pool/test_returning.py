"""Whatever state a connection comes back in, its next user gets one that is clean, or another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from connmgr import Registry
from tests.rig.pool import PID
from tests.rig.postgres import PostgresServer
from tests.rig.wait import wait_until

Load = Callable[..., Registry]


def profile(server: PostgresServer, dbname: str, **pool: object) -> dict[str, object]:
    sizes = {"size": 1, "max_overflow": 0, "timeout": "20s", **pool}
    return {"url": server.url(dbname=dbname, sslmode="disable"), "pool": sizes}


@pytest.fixture
async def one(load: Load, postgres: PostgresServer, database: str) -> AsyncIterator[Registry]:
    """An open registry whose profile `orders` has one connection, to a database with the table `item`."""
    async with load(orders=profile(postgres, database)) as registry:
        async with registry.begin("orders") as session:
            await session.execute(text("CREATE TABLE item (id int PRIMARY KEY)"))
        yield registry


async def use(registry: Registry) -> int:
    """Use the pool as the next caller does, and say which backend that was."""
    async with registry.begin("orders") as session:
        assert await session.scalar(text("SELECT count(*) FROM item")) == 0
        return int((await session.execute(PID)).scalar_one())


async def raw(connection: Any) -> Any:
    return (await connection.get_raw_connection()).driver_connection


async def test_an_open_transaction_is_rolled_back(one: Registry) -> None:
    first = await use(one)
    async with one.connect("orders") as connection:
        await connection.execute(text("INSERT INTO item VALUES (1)"))

    assert await use(one) == first
    assert one.stats("orders").closed == 0


async def test_a_failed_transaction_is_rolled_back(one: Registry) -> None:
    first = await use(one)
    async with one.connect("orders") as connection:
        await connection.execute(text("INSERT INTO item VALUES (1)"))
        with pytest.raises(DBAPIError):
            await connection.execute(text("SELECT 1/0"))

    assert await use(one) == first
    assert one.stats("orders").closed == 0


@pytest.mark.parametrize("autocommit", [False, True])
@pytest.mark.parametrize("statement", ["INSERT INTO item VALUES (1)", "SELECT 1/0"])
async def test_a_transaction_begun_behind_sqlalchemys_back_reaches_nobody(
    one: Registry, autocommit: bool, statement: str
) -> None:
    async with one.connect("orders", autocommit=autocommit) as connection:
        driver = await raw(connection)
        await driver.execute("BEGIN")
        with suppress(Exception):
            await driver.execute(statement)

    await use(one)
    assert one.stats("orders").closed_by == {"transaction": 1}


async def test_a_begin_of_an_autocommit_sessions_own_reaches_nobody(one: Registry) -> None:
    async with one.session("orders", autocommit=True) as session:
        await session.execute(text("BEGIN"))
        await session.execute(text("INSERT INTO item VALUES (1)"))

    await use(one)
    assert one.stats("orders").closed_by == {"transaction": 1}


async def test_a_socket_that_is_closed_is_replaced(one: Registry) -> None:
    first = await use(one)
    async with one.connect("orders") as connection:
        (await raw(connection)).terminate()

    assert await use(one) != first
    assert one.stats("orders").closed_by == {"dead": 1}


async def test_a_connection_whose_rollback_fails_is_replaced(one: Registry, postgres: PostgresServer) -> None:
    first = await use(one)
    with suppress(DBAPIError):
        async with one.connect("orders") as connection:
            await connection.execute(text("INSERT INTO item VALUES (1)"))
            postgres.sql(f"SELECT pg_terminate_backend({first})")

    assert await use(one) != first
    stats = one.stats("orders")
    assert (stats.open, stats.closed, stats.created) == (1, 1, 2)


@pytest.mark.parametrize(
    "block",
    [Registry.connect, Registry.session],
    ids=lambda f: f.__name__,
)
async def test_a_connection_that_still_works_for_another_task_is_replaced(
    one: Registry, postgres: PostgresServer, block: Callable[[Registry, str], Any]
) -> None:
    first = await use(one)
    scope = block(one, "orders")
    opened = await scope.__aenter__()
    await opened.execute(PID)
    connection = await opened.connection() if block is Registry.session else opened
    busy = asyncio.create_task((await raw(connection)).execute("SELECT pg_sleep(60)"))
    active = f"SELECT state FROM pg_stat_activity WHERE pid = {first}"
    await wait_until(lambda: postgres.sql(active) == "active")

    with suppress(DBAPIError):
        await scope.__aexit__(None, None, None)

    await wait_until(lambda: one.stats("orders").in_use == 0, 2.0, what="the slot to be free")
    assert await use(one) != first
    with pytest.raises(asyncpg.PostgresError):
        await busy
    assert one.stats("orders").open == 1


async def test_an_open_cursor_is_closed(one: Registry) -> None:
    first = await use(one)
    async with one.connect("orders") as connection:
        rows = await connection.stream(text("SELECT * FROM generate_series(1, 100000)"))
        await rows.fetchone()

    assert await use(one) == first
    async with one.connect("orders") as connection:
        # The question itself is one.
        left = text("SELECT count(*) FROM pg_cursors WHERE statement NOT LIKE '%pg_cursors%'")
        assert await connection.scalar(left) == 0


async def test_a_cursor_in_the_middle_of_a_copy_is_not_used_again(one: Registry) -> None:
    async with one.connect("orders") as connection:
        driver = await raw(connection)

        async def forever() -> AsyncIterator[bytes]:
            yield b"1\n"
            await asyncio.get_running_loop().create_future()

        copy = asyncio.create_task(driver.copy_to_table("item", source=forever(), format="text"))
        await asyncio.sleep(0)
        copy.cancel()
        await asyncio.wait({copy})

    await use(one)
    assert one.stats("orders").open == 1


async def test_a_reset_that_cannot_be_carried_out_closes_the_connection(
    load: Load, postgres: PostgresServer, database: str
) -> None:
    async with load(orders=profile(postgres, database, reset="full")) as registry:
        async with registry.begin("orders") as session:
            await session.execute(text("CREATE TABLE item (id int PRIMARY KEY)"))
        first = await use(registry)
        async with registry.connect("orders", autocommit=True):
            postgres.sql(f"SELECT pg_terminate_backend({first})")

        assert await use(registry) != first
        assert registry.stats("orders").closed_by == {"dead": 1}


LEFT = {
    "role": ("SET ROLE pg_read_all_data", "SELECT current_user = session_user"),
    "search_path": ("SET search_path = nowhere", "SELECT current_setting('search_path') <> 'nowhere'"),
    "setting": ("SET my.tenant = '7'", "SELECT coalesce(current_setting('my.tenant', true), '') = ''"),
    "statement_timeout": (
        # Long enough for the other questions, which are asked under it where it is left.
        "SET statement_timeout = '7s'",
        "SELECT current_setting('statement_timeout') <> '7s'",
    ),
    "temporary table": ("CREATE TEMP TABLE basket ()", "SELECT to_regclass('pg_temp.basket') IS NULL"),
    "advisory lock": (
        "SELECT pg_advisory_lock(7)",
        "SELECT count(*) = 0 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()",
    ),
    "LISTEN": ("LISTEN orders", "SELECT count(*) = 0 FROM pg_listening_channels()"),
    "cursor": (
        "DECLARE rest CURSOR WITH HOLD FOR SELECT 1",
        "SELECT count(*) = 0 FROM pg_cursors WHERE is_holdable",
    ),
    "prepared statement": (
        "PREPARE mine AS SELECT 1",
        "SELECT count(*) = 0 FROM pg_prepared_statements WHERE from_sql",
    ),
}


@pytest.mark.parametrize("reset", ["full", "rollback"])
async def test_what_a_session_leaves_is_seen_by_the_next_only_without_a_full_reset(
    load: Load, postgres: PostgresServer, database: str, reset: str
) -> None:
    postgres.sql("GRANT pg_read_all_data TO app")
    async with load(orders=profile(postgres, database, reset=reset)) as registry:
        async with registry.begin("orders") as session:
            for statement, _ in sorted(LEFT.values(), key=lambda pair: pair[0].startswith("SET ")):
                await session.execute(text(statement))
        async with registry.session("orders") as session:
            clean = {name for name, (_, query) in LEFT.items() if await session.scalar(text(query))}
        stats = registry.stats("orders")
    postgres.sql("REVOKE pg_read_all_data FROM app")

    assert clean == (set(LEFT) if reset == "full" else set())
    assert stats.created == 1

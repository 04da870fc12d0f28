"""Of what a session leaves on a PostgreSQL connection, a reset lets nothing reach the next one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from connmgr.engine.drivers import Driver, build_driver
from connmgr.settings import Timeouts
from connmgr.target import Server
from tests.rig.driver import at, settings_for
from tests.rig.pipe import Pipe
from tests.rig.postgres import PostgresServer
from tests.rig.proxy import FaultProxy
from tests.rig.template import SUPERUSER
from tests.rig.wait import wait_until

READY = b"Z\0\0\0\x05"
"""How the message begins with which the server ends its part of a round trip."""

LOCKS = "SELECT count(*) FROM pg_locks"
PREPARED = "SELECT count(*) FROM pg_prepared_statements"


@asynccontextmanager
async def connected(server: PostgresServer, **words: Any) -> AsyncIterator[tuple[Driver, Any]]:
    timeouts = Timeouts(statement=12.0, lock=0.0004, idle_in_transaction=3)
    settings = replace(settings_for(at(server), password=server.password, **words), timeouts=timeouts)
    driver = build_driver(settings)
    connection = await driver.connect()
    try:
        yield driver, connection
    finally:
        driver.terminate(connection)
        await driver.close()


@pytest.mark.parametrize(
    ("left", "asked", "expected"),
    [
        ("CREATE TEMP TABLE basket (id int)", "SELECT to_regclass('pg_temp.basket')", None),
        (
            "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "SELECT to_regproc('pg_temp.f')",
            None,
        ),
        (
            "DECLARE rest CURSOR WITH HOLD FOR SELECT 1",
            "SELECT count(*) FROM pg_cursors WHERE is_holdable",
            0,
        ),
        ("SELECT pg_advisory_lock(1)", f"{LOCKS} WHERE locktype = 'advisory' AND pid = pg_backend_pid()", 0),
        ("LISTEN orders", "SELECT count(*) FROM pg_listening_channels()", 0),
        ("PREPARE mine AS SELECT 1", f"{PREPARED} WHERE from_sql", 0),
        ('PREPARE "odd "" one" AS SELECT 1', f"{PREPARED} WHERE from_sql", 0),
        ("SET search_path = nowhere", "SHOW search_path", '"$user", public'),
        ("SET TimeZone = 'Asia/Tokyo'", "SHOW TimeZone", "UTC"),
        ("SET my.tenant = '7'", "SELECT current_setting('my.tenant', true)", ""),
        ("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "SHOW default_transaction_read_only", "off"),
        ("SET application_name = 'mine'", "SHOW application_name", "rig"),
        ("SET work_mem = '8MB'", "SHOW work_mem", "65kB"),
        ("SET statement_timeout = 0", "SHOW statement_timeout", "12s"),
        ("SET lock_timeout = 0", "SHOW lock_timeout", "1ms"),
        ("SET idle_in_transaction_session_timeout = 0", "SHOW idle_in_transaction_session_timeout", "3s"),
    ],
)
async def test_what_a_session_leaves_is_gone(
    postgres: PostgresServer, left: str, asked: str, expected: object
) -> None:
    options = "-c work_mem=65kB -c TimeZone=UTC"
    async with connected(postgres, options=options) as (driver, connection):
        await connection.execute(left)
        before = await connection.fetchval(asked)

        await driver.reset(connection)

        assert await connection.fetchval(asked) == expected
        assert before != expected


async def test_a_sequence_forgets_what_it_last_gave_this_session(own_postgres: PostgresServer) -> None:
    own_postgres.sql("CREATE SEQUENCE number; GRANT ALL ON number TO app", dbname="orders")
    async with connected(own_postgres) as (driver, connection):
        await connection.execute("SELECT nextval('number')")

        await driver.reset(connection)

        with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError):
            await connection.fetchval("SELECT currval('number')")


@pytest.mark.parametrize("left", ["SET ROLE other", "SET SESSION AUTHORIZATION other"])
@pytest.mark.parametrize("role", ["none", "another"])
async def test_user_and_role_are_those_of_the_start_again(
    own_postgres: PostgresServer, left: str, role: str
) -> None:
    own_postgres.sql(
        f"CREATE ROLE other; CREATE ROLE another; ALTER ROLE {SUPERUSER} PASSWORD :'password'",
        password=own_postgres.password,
    )
    settings = settings_for(at(own_postgres), password=own_postgres.password, options=f"-c role={role}")
    target = replace(settings.target, user=SUPERUSER)  # nobody else may take on another user
    driver = build_driver(replace(settings, target=target))
    connection = await driver.connect()
    await connection.execute(f"SET ROLE none; {left}")

    await driver.reset(connection)

    users = "SELECT session_user, current_user"
    assert tuple(await connection.fetchrow(users)) == (SUPERUSER, SUPERUSER if role == "none" else role)
    driver.terminate(connection)
    await driver.close()


async def test_no_callback_of_an_earlier_session_is_called(postgres: PostgresServer) -> None:
    called: list[object] = []
    async with connected(postgres) as (driver, connection):
        await connection.add_listener("orders", lambda *_: called.append("listener"))
        connection.add_log_listener(lambda *_: called.append("log"))
        connection.add_query_logger(lambda *_: called.append("query"))
        connection.add_termination_listener(lambda *_: called.append("termination"))
        await driver.reset(connection)
        called.clear()
        heard = asyncio.Event()

        await connection.add_listener("orders", lambda *_: heard.set())
        await connection.execute("DO $$ BEGIN RAISE NOTICE 'x'; END $$; NOTIFY orders")

        await wait_until(heard.is_set, 10, what="the new listener to hear")
        driver.terminate(connection)
        await asyncio.sleep(0)  # callbacks are called in the next turn of the loop
        assert called == []


async def test_what_the_driver_prepared_is_kept_and_goes_on_working(postgres: PostgresServer) -> None:
    prepared = "SELECT array_agg(name ORDER BY name) FROM pg_prepared_statements"
    async with connected(postgres) as (driver, connection):
        statement = await connection.prepare("SELECT $1::int + 1")
        await connection.fetchval(prepared)
        before = await connection.fetchval(prepared)

        await driver.reset(connection)

        assert await connection.fetchval(prepared) == before
        assert await statement.fetchval(41) == 42


@pytest.mark.parametrize("question", ["ping", "reset"])
async def test_a_ping_and_a_reset_are_one_round_trip(
    postgres: PostgresServer, proxy: FaultProxy, question: str
) -> None:
    driver = build_driver(settings_for(Server(proxy.host, proxy.port), password=postgres.password))
    connection = await driver.connect()
    await connection.execute("CREATE TEMP TABLE t (i int); PREPARE mine AS SELECT 1; LISTEN orders")
    trips: list[str] = []
    proxy.down = Pipe(match=READY, hook=lambda: trips.append(question))

    await getattr(driver, question)(connection)

    assert trips == [question]
    driver.terminate(connection)
    await driver.close()


async def test_a_session_that_made_itself_read_only_is_reset_all_the_same(postgres: PostgresServer) -> None:
    async with connected(postgres) as (driver, connection):
        await connection.execute("CREATE TEMP TABLE t (i int); LISTEN orders; PREPARE mine AS SELECT 1")
        await connection.execute("SET default_transaction_read_only = on")

        await driver.reset(connection)

        assert await connection.fetchval("SELECT to_regclass('pg_temp.t')") is None


async def test_a_standby_resets_too(standby: PostgresServer) -> None:
    async with connected(standby) as (driver, connection):
        await connection.execute("SET search_path = nowhere; SELECT pg_advisory_lock(1)")

        await driver.reset(connection)

        assert await connection.fetchval("SHOW search_path") == '"$user", public'


async def test_a_reset_or_ping_that_the_server_cannot_carry_out_is_an_error(postgres: PostgresServer) -> None:
    async with connected(postgres) as (driver, connection):
        pid = await connection.fetchval("SELECT pg_backend_pid()")
        postgres.sql(f"SELECT pg_terminate_backend({pid})")

        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await driver.ping(connection)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await driver.reset(connection)

"""Each of PostgreSQL's own time-outs ends what it is for, and the client's ends what the server does not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from connmgr.engine.drivers import Driver, build_driver
from connmgr.engine.failures import classify
from connmgr.failure import FailureKind
from connmgr.settings import Timeouts
from tests.rig.driver import at, settings_for
from tests.rig.postgres import PostgresServer
from tests.rig.wait import wait_until

PID = text("SELECT pg_backend_pid()")


def driver_with(server: PostgresServer, timeouts: Timeouts) -> Driver:
    return build_driver(replace(settings_for(at(server), password=server.password), timeouts=timeouts))


@asynccontextmanager
async def engine_with(server: PostgresServer, timeouts: Timeouts) -> AsyncIterator[AsyncEngine]:
    """SQLAlchemy's own engine and pool on connmgr's connections."""
    driver = driver_with(server, timeouts)
    engine = create_async_engine(driver.url, async_creator=driver.connect)
    try:
        yield engine
    finally:
        await engine.dispose()
        await driver.close()


async def test_a_wait_for_a_lock_ends_and_the_connection_stays(postgres: PostgresServer) -> None:
    engine_of_both = engine_with(postgres, Timeouts(lock=0.1))
    async with engine_of_both as engine, engine.connect() as holder, engine.connect() as waiter:
        await holder.execute(text("SELECT pg_advisory_xact_lock(4)"))
        pid = await waiter.scalar(PID)

        with pytest.raises(DBAPIError) as caught:
            await waiter.execute(text("SELECT pg_advisory_xact_lock(4)"))

        await waiter.rollback()
        failure = classify(caught.value)
        assert (failure.sqlstate, failure.kind) == ("55P03", FailureKind.LOCK_TIMEOUT)
        assert await waiter.scalar(PID) == pid


async def test_a_statement_ends_and_the_connection_stays(postgres: PostgresServer) -> None:
    async with engine_with(postgres, Timeouts(statement=0.5)) as engine, engine.connect() as connection:
        pid = await connection.scalar(PID)

        with pytest.raises(DBAPIError) as caught:
            await connection.execute(text("SELECT pg_sleep(60)"))

        await connection.rollback()
        assert classify(caught.value).kind is FailureKind.STATEMENT_TIMEOUT
        assert await connection.scalar(PID) == pid


async def test_a_transaction_without_a_statement_ends_with_its_connection(postgres: PostgresServer) -> None:
    driver = driver_with(postgres, Timeouts(idle_in_transaction=0.1))
    connection = await driver.connect()
    await connection.execute("BEGIN")

    await wait_until(lambda: driver.is_closed(connection), 10, what="the server to end the session")

    with pytest.raises(asyncpg.InterfaceError) as caught:
        await connection.execute("COMMIT")
    assert classify(caught.value).kind is FailureKind.CONNECTION_LOST
    driver.terminate(connection)
    await driver.close()


async def test_a_command_that_gets_no_answer_ends_and_its_connection_is_not_used_again(
    postgres: PostgresServer,
) -> None:
    async with engine_with(postgres, Timeouts(command=1.0)) as engine:
        async with engine.connect() as connection:
            pid = await connection.scalar(PID)

            with pytest.raises(TimeoutError) as caught:
                await connection.execute(text("SELECT pg_sleep(60)"))

            assert connection.invalidated
        async with engine.connect() as next_one:
            assert await next_one.scalar(PID) != pid
        assert classify(caught.value).kind is FailureKind.TIMEOUT

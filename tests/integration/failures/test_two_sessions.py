"""What transactions do to each other, and what happens to their connections, is classified."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from connmgr import FailureKind, Registry
from tests.rig.failed import failure_in
from tests.rig.postgres import PostgresServer
from tests.rig.proxy import FaultProxy
from tests.rig.wait import wait_until

Load = Callable[..., Registry]
NAME = "orders"
LONG = 60


@pytest.fixture
async def registry(
    load: Load, postgres: PostgresServer, proxy: FaultProxy, database: str
) -> AsyncIterator[Registry]:
    url = postgres.url(dbname=database, port=proxy.port, sslmode="disable")
    async with load(orders={"url": url, "timeouts": {"lock": "100ms"}}) as registry:
        async with registry.begin(NAME) as session:
            await session.execute(text("CREATE TABLE account (id int PRIMARY KEY, balance int)"))
            await session.execute(text("INSERT INTO account VALUES (1, 100), (2, 100)"))
        yield registry


async def serializable(registry: Registry, stack: AsyncExitStack) -> AsyncSession:
    session = await stack.enter_async_context(registry.session(NAME))
    await session.connection(execution_options={"isolation_level": "SERIALIZABLE"})
    return session


def add(amount: int, account: int) -> str:
    return f"UPDATE account SET balance = balance + {amount} WHERE id = {account}"


async def test_a_row_that_another_transaction_changed_is_a_serialization_failure(registry: Registry) -> None:
    async with AsyncExitStack() as stack:
        one, other = [await serializable(registry, stack) for _ in range(2)]
        await one.execute(text("SELECT * FROM account"))
        await other.execute(text(add(1, 1)))
        await other.commit()

        found = await failure_in(one.execute(text(add(1, 1))))

    assert (found.kind, found.sqlstate, found.retry_transaction) == (FailureKind.SERIALIZATION, "40001", True)


async def test_a_commit_that_may_not_stand_is_a_serialization_failure_and_known(registry: Registry) -> None:
    async with AsyncExitStack() as stack:
        one, other = [await serializable(registry, stack) for _ in range(2)]
        for session, account in ((one, 1), (other, 2)):
            await session.execute(text("SELECT sum(balance) FROM account"))
            await session.execute(text(add(1, account)))
        await one.commit()

        found = await failure_in(other.commit())

    assert (found.kind, found.retry_transaction) == (FailureKind.SERIALIZATION, True)
    assert not found.outcome_unknown


async def test_two_that_wait_for_each_other_are_a_deadlock(registry: Registry) -> None:
    async with registry.session(NAME) as one, registry.session(NAME) as other:
        for session in (one, other):
            await session.execute(text("SET lock_timeout = 0"))
        await one.execute(text(add(1, 1)))
        await other.execute(text(add(1, 2)))
        tasks = {
            asyncio.create_task(one.execute(text(add(1, 2)))): one,
            asyncio.create_task(other.execute(text(add(1, 1)))): other,
        }
        # The server chooses which of the two it ends; the other gets its lock.
        await asyncio.wait(tasks, timeout=LONG, return_when=asyncio.FIRST_EXCEPTION)
        (ended,) = [task for task in tasks if task.done() and task.exception()]
        found = await failure_in(ended)
        await tasks.pop(ended).rollback()
        await asyncio.gather(*tasks)

    assert (found.kind, found.sqlstate, found.retry_transaction) == (FailureKind.DEADLOCK, "40P01", True)


@pytest.mark.parametrize("how", ["", " NOWAIT"])
async def test_a_lock_that_is_not_to_be_had_in_time_is_a_lock_timeout(registry: Registry, how: str) -> None:
    async with registry.session(NAME) as one, registry.session(NAME) as other:
        await one.execute(text(add(1, 1)))

        found = await failure_in(other.execute(text(f"SELECT * FROM account WHERE id = 1 FOR UPDATE{how}")))

    assert (found.kind, found.sqlstate, found.retry_transaction) == (FailureKind.LOCK_TIMEOUT, "55P03", True)


async def test_a_prepared_statement_whose_table_changed_is_stale(registry: Registry) -> None:
    async with registry.session(NAME) as one:
        await one.execute(text("SELECT * FROM account"))
        async with registry.begin(NAME) as other:
            await one.rollback()
            await other.execute(text("ALTER TABLE account ADD note text"))

        found = await failure_in(one.execute(text("SELECT * FROM account")))

    assert (found.kind, found.sqlstate) == (FailureKind.STALE_STATEMENT, "0A000")
    assert found.retry_transaction


async def test_a_backend_that_is_killed_at_work_is_a_lost_connection(
    registry: Registry, postgres: PostgresServer
) -> None:
    async with registry.session(NAME) as session:
        pid = await session.scalar(text("SELECT pg_backend_pid()"))
        asleep = asyncio.create_task(failure_in(session.execute(text(f"SELECT pg_sleep({LONG})"))))
        await wait_until(
            lambda: postgres.sql(f"SELECT state FROM pg_stat_activity WHERE pid = {pid}") == "active"
        )
        postgres.sql(f"SELECT pg_terminate_backend({pid})")
        found = await asyncio.wait_for(asleep, LONG)

    assert (found.kind, found.retry_transaction) == (FailureKind.CONNECTION_LOST, True)
    assert not found.outcome_unknown


async def test_a_connection_that_is_reset_at_work_is_lost(registry: Registry, proxy: FaultProxy) -> None:
    async with registry.session(NAME) as session:
        await session.execute(text("SELECT 1"))
        proxy.reset()

        found = await failure_in(session.execute(text("SELECT 1")))

    assert (found.kind, found.retry_transaction) == (FailureKind.CONNECTION_LOST, True)


async def test_a_transaction_that_was_ended_for_idling_is_lost_and_known(registry: Registry) -> None:
    async def work() -> None:
        async with registry.begin(NAME) as session:
            await session.execute(text("SET idle_in_transaction_session_timeout = 20"))
            connection = await session.connection()
            raw = (await connection.get_raw_connection()).driver_connection
            await wait_until(raw.is_closed)

    found = await failure_in(work())

    # It was closed before a COMMIT could be sent.
    assert (found.kind, found.outcome_unknown) == (FailureKind.CONNECTION_LOST, False)
    assert found.retry_transaction

"""What `run` must never repeat, and what it says of a work that it did not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from connmgr import CommitInRun, CommitOutcomeUnknown, FailureKind, Registry, failure_of
from tests.rig.failed import error_of
from tests.rig.postgres import PostgresServer
from tests.rig.wait import wait_until

Load = Callable[..., Registry]
FAIL = text("DO $$ BEGIN RAISE SQLSTATE '40001' USING MESSAGE = 'made up'; END $$")
QUICK = {"retry": {"transaction": {"initial": "1ms", "max": "1ms"}}}


async def on_connection(session: AsyncSession) -> None:
    await (await session.connection()).commit()


async def on_transaction(session: AsyncSession) -> None:
    transaction = session.get_transaction()
    assert transaction is not None
    await transaction.commit()


async def in_sql(session: AsyncSession) -> None:
    await session.execute(text("COMMIT"))


@pytest.fixture
async def url(postgres: PostgresServer) -> Any:
    with postgres.database() as name:
        yield postgres.url(dbname=name)


@pytest.mark.parametrize("commit", [on_connection, on_transaction, in_sql])
@pytest.mark.parametrize("fails", [True, False])
async def test_work_that_committed_is_not_repeated_and_said_to_have(
    load: Load, url: str, commit: Callable[[AsyncSession], Awaitable[None]], fails: bool
) -> None:
    calls = 0

    async def work(session: AsyncSession) -> None:
        nonlocal calls
        calls += 1
        await session.execute(text("UPDATE entry SET v = v + 1"))
        await commit(session)
        if fails:
            await session.execute(FAIL)

    async with load(orders={"url": url, **QUICK}) as registry:
        async with registry.begin("orders") as session:
            await session.execute(text("CREATE TABLE entry AS SELECT 0 AS v"))
        error = await error_of(registry.run("orders", work))
        async with registry.session("orders") as session:
            value = await session.scalar(text("SELECT v FROM entry"))

    assert calls == 1
    assert value == (0 if commit is on_transaction else 1)
    is_told = any("not tried again" in note for note in getattr(error, "__notes__", ()))
    assert isinstance(error, CommitInRun) or is_told


async def test_a_savepoint_may_be_released(load: Load, url: str) -> None:
    async def work(session: AsyncSession) -> int:
        async with session.begin_nested():
            await session.execute(text("SELECT 1"))
        return 1

    async with load(orders={"url": url}) as registry:
        assert await registry.run("orders", work) == 1


@pytest.mark.parametrize("answer", [True, False])
async def test_an_unknown_commit_of_another_profile_inside_of_work_is_not_its_own(
    load: Load, answer: bool
) -> None:
    asked = calls = 0

    async def work(_: AsyncSession) -> None:
        nonlocal calls
        calls += 1
        raise CommitOutcomeUnknown("of the ledger") from ConnectionResetError("lost")

    async def confirm(_: AsyncSession) -> bool:
        nonlocal asked
        asked += 1
        return answer

    async with load(orders={"url": "sqlite://", **QUICK}) as registry:
        error = await error_of(registry.run("orders", work, confirm=confirm))

    assert isinstance(error, CommitOutcomeUnknown)
    assert (calls, asked) == (1, 0)


@pytest.mark.parametrize("error", [ConnectionResetError("the payment service"), BrokenPipeError("a cache")])
async def test_another_services_lost_connection_is_not_the_databases(load: Load, error: OSError) -> None:
    calls = 0

    async def work(session: AsyncSession) -> None:
        nonlocal calls
        calls += 1
        await session.execute(text("SELECT 1"))
        raise error

    async with load(orders={"url": "sqlite://", **QUICK}) as registry:
        assert await error_of(registry.run("orders", work)) is error

    assert calls == 1


async def test_another_profiles_failure_inside_of_work_is_not_its_own(load: Load, url: str) -> None:
    calls = 0

    async with load(orders={"url": url, **QUICK}, ledger={"url": url}) as registry:

        async def work(_: AsyncSession) -> None:
            nonlocal calls
            calls += 1
            async with registry.begin("ledger") as session:
                await session.execute(FAIL)

        error = await error_of(registry.run("orders", work))

    assert failure_of(error).kind is FailureKind.SERIALIZATION
    assert calls == 1


async def test_work_that_caught_the_loss_of_its_connection_is_repeated(
    load: Load, own_postgres: PostgresServer
) -> None:
    calls = 0

    async def work(session: AsyncSession) -> int:
        nonlocal calls
        calls += 1
        pid = await session.scalar(text("SELECT pg_backend_pid()"))
        if calls == 1:
            own_postgres.sql(f"SELECT pg_terminate_backend({pid}, 5000)")
            with suppress(Exception):
                await session.execute(text("SELECT 1"))
        return int(await session.scalar(text("SELECT 7")) or 0)

    async with load(orders={"url": own_postgres.url(), **QUICK}) as registry:
        assert await registry.run("orders", work) == 7

    assert calls == 2


async def test_a_registry_that_closes_waits_for_a_run_in_its_pause(load: Load, url: str) -> None:
    retry = {"transaction": {"initial": "200ms", "max": "200ms", "jitter": 0}}
    calls = 0

    async def work(session: AsyncSession) -> str:
        nonlocal calls
        calls += 1
        await session.execute(FAIL if calls == 1 else text("SELECT 1"))
        return "done"

    async with load(orders={"url": url, "retry": retry}) as registry:
        running = asyncio.create_task(registry.run("orders", work))
        await wait_until(lambda: calls == 1)

    assert await running == "done"
    assert calls == 2


async def test_a_run_that_succeeds_in_the_end_logs_no_error(
    load: Load, url: str, log: list[dict[str, Any]]
) -> None:
    calls = 0

    async def work(session: AsyncSession) -> None:
        nonlocal calls
        calls += 1
        if calls < 3:
            await session.execute(FAIL)

    async with load(orders={"url": url, **QUICK}) as registry:
        await registry.run("orders", work)
        quiet = [record["level"].name for record in log]
        calls = -99
        await error_of(registry.run("orders", work))
        levels = [record["level"].name for record in log]

    assert quiet == ["INFO", "INFO"]
    assert levels.count("ERROR") == 1


async def test_a_profile_with_autocommit_runs_in_a_transaction_all_the_same(load: Load, url: str) -> None:
    async def work(session: AsyncSession) -> bool:
        first = await session.scalar(text("SELECT pg_current_xact_id()"))
        return bool(first == await session.scalar(text("SELECT pg_current_xact_id()")))

    async with load(orders={"url": url, "session": {"autocommit": True}}) as registry:
        assert await registry.run("orders", work)

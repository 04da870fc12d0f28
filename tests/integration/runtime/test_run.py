"""`registry.run`: a transaction is repeated from its beginning, where that is safe and allowed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from connmgr import CommitInRun, FailureKind, PoolTimeout, Registry, failure_of
from connmgr.runtime.budget import FIRST
from tests.rig.failed import error_of
from tests.rig.ports import LOOPBACK
from tests.rig.postgres import PostgresServer
from tests.rig.wait import wait_until
from tests.rig.wire import Ending, ScriptedServer

Load = Callable[..., Registry]
Work = Callable[[AsyncSession], Awaitable[object]]
NAME = "orders"
SOON = {"initial": "1ms", "max": "1ms"}
FAIL = "DO $$ BEGIN RAISE SQLSTATE '{}' USING MESSAGE = 'made up'; END $$"


class Counter:
    """Work that adds one, and that `fault` makes fail the first `times`."""

    def __init__(self, fault: Work | None = None, times: int = 1) -> None:
        self.fault = fault
        self.times = times
        self.calls = 0

    async def __call__(self, session: AsyncSession) -> int:
        self.calls += 1
        await session.execute(text("UPDATE counter SET value = value + 1"))
        if self.fault is not None and self.calls <= self.times:
            await self.fault(session)
        return self.calls


def raising(sqlstate: str) -> Work:
    async def fault(session: AsyncSession) -> None:
        await session.execute(text(FAIL.format(sqlstate)))

    return fault


@pytest.fixture
async def registry(load: Load, postgres: PostgresServer, database: str) -> AsyncIterator[Registry]:
    async with opened(load, postgres, database) as registry:
        async with registry.begin(NAME) as session:
            await session.execute(text("CREATE TABLE counter AS SELECT 0 AS value"))
        yield registry


def opened(load: Load, postgres: PostgresServer, database: str, **retry: object) -> Registry:
    return load(orders={"url": postgres.url(dbname=database), "retry": {"transaction": {**SOON, **retry}}})


async def value(registry: Registry) -> Any:
    async with registry.session(NAME) as session:
        return await session.scalar(text("SELECT value FROM counter"))


async def test_it_commits_and_returns_what_work_returned(registry: Registry) -> None:
    work = Counter()

    assert await registry.run(NAME, work) == 1
    assert (work.calls, await value(registry)) == (1, 1)


@pytest.mark.parametrize("sqlstate", ["40001", "40P01", "26000"])
async def test_a_failure_that_a_repetition_can_mend_is_repeated_whole(
    registry: Registry, sqlstate: str
) -> None:
    work = Counter(raising(sqlstate), times=2)

    assert await registry.run(NAME, work) == 3
    assert (work.calls, await value(registry)) == (3, 1)


@pytest.mark.parametrize("sqlstate", ["23505", "22012", "42601", "57014", "53100", "55P03", "XX000"])
async def test_any_other_failure_is_raised_at_once(registry: Registry, sqlstate: str) -> None:
    work = Counter(raising(sqlstate))

    error = await error_of(registry.run(NAME, work))

    assert failure_of(error).sqlstate == sqlstate
    assert (work.calls, await value(registry)) == (1, 0)


async def test_an_error_of_the_works_own_is_raised_at_once_and_rolls_back(registry: Registry) -> None:
    async def fault(_: AsyncSession) -> None:
        raise LookupError("no such customer")

    work = Counter(fault)

    assert isinstance(await error_of(registry.run(NAME, work)), LookupError)
    assert (work.calls, await value(registry)) == (1, 0)


async def test_a_backend_that_is_killed_at_work_is_no_error(
    registry: Registry, postgres: PostgresServer
) -> None:
    async def kill(session: AsyncSession) -> None:
        pid = await session.scalar(text("SELECT pg_backend_pid()"))
        postgres.sql(f"SELECT pg_terminate_backend({pid}, 5000)")
        await session.execute(text("SELECT 1"))

    assert await registry.run(NAME, Counter(kill)) == 2
    assert await value(registry) == 1


async def test_a_backend_that_is_killed_before_the_commit_is_no_error(
    registry: Registry, postgres: PostgresServer
) -> None:
    async def kill(session: AsyncSession) -> None:
        raw = (await (await session.connection()).get_raw_connection()).driver_connection
        postgres.sql(f"SELECT pg_terminate_backend({raw.get_server_pid()}, 5000)")
        await wait_until(raw.is_closed)

    assert await registry.run(NAME, Counter(kill)) == 2
    assert await value(registry) == 1


async def test_serializable_transactions_that_clash_all_succeed(registry: Registry) -> None:
    async def add_one(session: AsyncSession) -> None:
        await session.connection(execution_options={"isolation_level": "SERIALIZABLE"})
        seen = await session.scalar(text("SELECT value FROM counter"))
        await session.execute(text("UPDATE counter SET value = :value"), {"value": seen + 1})

    for _ in range(10):
        await asyncio.gather(*(registry.run(NAME, add_one) for _ in range(2)))

    assert await value(registry) == 20


async def test_a_lock_timeout_is_repeated_only_where_the_profile_asks(
    load: Load, registry: Registry, postgres: PostgresServer, database: str
) -> None:
    async with opened(load, postgres, database, lock_timeout=True) as asking:
        assert await asking.run(NAME, Counter(raising("55P03"))) == 2


async def test_the_last_failure_is_raised_with_a_note_of_how_often_it_was_tried(
    load: Load, registry: Registry, postgres: PostgresServer, database: str
) -> None:
    work = Counter(raising("40001"), times=99)

    async with opened(load, postgres, database, attempts=3) as limited:
        error = await error_of(limited.run(NAME, work))

    assert (work.calls, failure_of(error).kind) == (3, FailureKind.SERIALIZATION)
    assert "connmgr: given up after 3 tries (retry.transaction.attempts)" in error.__notes__
    assert await value(registry) == 0


async def test_no_try_begins_after_the_deadline(
    load: Load, registry: Registry, postgres: PostgresServer, database: str
) -> None:
    work = Counter(raising("40001"), times=99)

    limits = {"attempts": 99, "deadline": "1ms", "initial": "5ms", "max": "5ms"}
    async with opened(load, postgres, database, **limits) as late:
        error = await error_of(late.run(NAME, work))

    assert work.calls < 99
    assert any("retry.transaction.deadline" in note for note in error.__notes__)


@pytest.mark.parametrize("calls", [1000, 200])
async def test_when_everything_fails_the_tries_stay_within_the_budget(
    load: Load, registry: Registry, postgres: PostgresServer, database: str, calls: int
) -> None:
    work = Counter(raising("40001"), times=10**9)

    async with opened(load, postgres, database) as registry:
        for _ in range(calls):
            await error_of(registry.run(NAME, work))

    assert work.calls <= 1.1 * calls
    assert work.calls >= calls + FIRST


async def test_who_waited_for_a_connection_in_vain_does_not_wait_again(load: Load) -> None:
    async with ScriptedServer(Ending.CLOSE) as server:
        url = f"postgresql://app@{LOOPBACK}:{server.port}/orders?sslmode=disable"
        async with load(orders={"url": url, "pool": {"timeout": "50ms"}}) as registry:
            error = await error_of(registry.run(NAME, Counter()))

            assert isinstance(error, PoolTimeout)
            assert failure_of(error).kind is FailureKind.CONNECTION_LOST
            assert registry.stats(NAME).timeouts == 1


async def by_session(session: AsyncSession) -> None:
    await session.commit()


async def by_begin(session: AsyncSession) -> None:
    await session.rollback()
    async with session.begin():
        await session.execute(text("UPDATE counter SET value = value + 1"))


async def by_sync_session(session: AsyncSession) -> None:
    await session.run_sync(lambda sync: sync.commit())


async def by_connection(session: AsyncSession) -> None:
    await (await session.connection()).commit()


@pytest.mark.parametrize("commit", [by_session, by_begin, by_sync_session, by_connection])
async def test_work_that_commits_is_refused_and_not_repeated(registry: Registry, commit: Work) -> None:
    work = Counter(commit, times=99)

    error = await error_of(registry.run(NAME, work))

    assert isinstance(error, CommitInRun)
    assert work.calls == 1
    assert await value(registry) == (1 if commit is by_connection else 0)


async def test_a_part_of_the_work_may_fail_in_a_savepoint(registry: Registry) -> None:
    async def work(session: AsyncSession) -> None:
        await Counter()(session)
        savepoint = await session.begin_nested()
        await error_of(session.execute(text("SELECT 1 / 0")))
        await savepoint.rollback()

    await registry.run(NAME, work)

    assert await value(registry) == 1


async def test_a_cancelled_run_is_not_repeated(registry: Registry) -> None:
    async def sleep(session: AsyncSession) -> None:
        asyncio.get_running_loop().call_soon(task.cancel)
        await session.execute(text("SELECT pg_sleep(60)"))

    work = Counter(sleep, times=99)
    task = asyncio.create_task(registry.run(NAME, work))
    with pytest.raises(asyncio.CancelledError):
        await task

    assert (work.calls, await value(registry)) == (1, 0)

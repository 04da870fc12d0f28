"""The answer to a COMMIT is lost: nobody says that the transaction stands, or repeats it unasked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from connmgr import CommitOutcomeUnknown, FailureKind, Registry, failure_of
from tests.rig.failed import error_of
from tests.rig.pipe import Pipe
from tests.rig.postgres import PostgresServer
from tests.rig.proxy import FaultProxy
from tests.rig.wait import wait_until

Load = Callable[..., Registry]
NAME = "orders"
RUNS = 100
WAITING = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


@pytest.fixture
async def registry(
    load: Load, postgres: PostgresServer, proxy: FaultProxy, database: str
) -> AsyncIterator[Registry]:
    url = postgres.url(dbname=database, port=proxy.port, sslmode="disable")
    async with load(orders={"url": url}) as registry:
        async with registry.begin(NAME) as session:
            await session.execute(text("CREATE TABLE entry (id int)"))
        yield registry


class Work:
    """Writes an entry of its number, and is counted."""

    def __init__(self, number: int = 1) -> None:
        self.number = number
        self.calls = 0

    async def __call__(self, session: AsyncSession) -> str:
        self.calls += 1
        await session.execute(text("INSERT INTO entry VALUES (:id)"), {"id": self.number})
        return "done"

    async def stands(self, session: AsyncSession) -> bool:
        """Look whether the entry is there."""
        return bool(await session.scalar(text("SELECT true FROM entry WHERE id = :id"), {"id": self.number}))


def lose_the_answer(proxy: FaultProxy) -> None:
    """Close the link in place of the answer to the next COMMIT, which the server has carried out by then."""

    def on_commit() -> None:
        proxy.up, proxy.down = Pipe(), Pipe(limit=0)

    proxy.down = Pipe()
    proxy.up = Pipe(match=b"COMMIT;", hook=on_commit)


def lose_the_commit(proxy: FaultProxy) -> None:
    """Close the link in place of the next COMMIT, which never comes to the server."""

    def on_commit() -> None:
        proxy.up = Pipe(limit=0)

    proxy.up = Pipe(match=b"COMMIT;", hook=on_commit)


async def entries(registry: Registry, proxy: FaultProxy) -> int:
    proxy.heal()
    async with registry.session(NAME) as session:
        return int(await session.scalar(text("SELECT count(*) FROM entry")) or 0)


async def test_run_says_so_each_time_and_never_repeats_the_work(
    registry: Registry, proxy: FaultProxy
) -> None:
    errors, calls = [], 0
    for number in range(RUNS):
        work = Work(number)
        lose_the_answer(proxy)
        errors.append(await error_of(registry.run(NAME, work)))
        calls += work.calls
        proxy.heal()

    assert [type(error) for error in errors] == [CommitOutcomeUnknown] * RUNS
    assert (calls, await entries(registry, proxy)) == (RUNS, RUNS)
    stats = registry.stats(NAME)
    assert (stats.in_use, stats.open + stats.closed) == (0, stats.created)


async def test_begin_says_so_and_keeps_the_drivers_error(registry: Registry, proxy: FaultProxy) -> None:
    async def write() -> None:
        async with registry.begin(NAME) as session:
            await Work()(session)

    lose_the_answer(proxy)
    error = await error_of(write())

    assert isinstance(error, CommitOutcomeUnknown)
    failure = failure_of(error)
    assert (failure.kind, failure.outcome_unknown) == (FailureKind.CONNECTION_LOST, True)
    assert not failure.retry_transaction
    assert failure_of(error.__cause__).outcome_unknown
    assert "profile 'orders'" in str(error)


async def test_session_passes_the_error_through_and_failure_of_knows(
    registry: Registry, proxy: FaultProxy
) -> None:
    async with registry.session(NAME) as session:
        await Work()(session)
        lose_the_answer(proxy)
        error = await error_of(session.commit())

    assert not isinstance(error, CommitOutcomeUnknown)
    assert failure_of(error).outcome_unknown


@pytest.mark.parametrize("lose", [lose_the_answer, lose_the_commit])
async def test_with_confirm_the_work_is_done_once(
    registry: Registry, proxy: FaultProxy, lose: Callable[[FaultProxy], None]
) -> None:
    work = Work()

    async def confirm(session: AsyncSession) -> bool:
        proxy.heal()
        return await work.stands(session)

    lose(proxy)
    assert await registry.run(NAME, work, confirm=confirm) == "done"

    assert work.calls == (1 if lose is lose_the_answer else 2)
    assert await entries(registry, proxy) == 1


async def test_a_confirm_that_fails_leaves_it_unknown(registry: Registry, proxy: FaultProxy) -> None:
    async def confirm(_: AsyncSession) -> bool:
        raise LookupError("who knows")

    work = Work()
    lose_the_answer(proxy)
    error = await error_of(registry.run(NAME, work, confirm=confirm))

    assert isinstance(error, CommitOutcomeUnknown)
    assert "connmgr: `confirm` failed too: LookupError (unknown)" in error.__notes__
    assert work.calls == 1


async def test_a_server_that_ends_the_connection_in_place_of_an_answer_leaves_it_unknown(
    load: Load, own_postgres: PostgresServer
) -> None:
    # A commit that waits for a standby which is not there has been carried out when the wait is ended.
    own_postgres.sql("ALTER SYSTEM SET synchronous_standby_names = 'nowhere'")
    async with load(orders={"url": own_postgres.url()}) as registry:
        async with registry.begin(NAME) as session:
            await session.execute(text("SET LOCAL synchronous_commit = local"))
            await session.execute(text("CREATE TABLE entry (id int)"))
        own_postgres.sql("SELECT pg_reload_conf()")

        async def write() -> None:
            async with registry.begin(NAME) as session:
                await Work()(session)

        waiting = asyncio.create_task(error_of(write()))
        await wait_until(lambda: own_postgres.sql(f"SELECT count(*) {WAITING}") == "1")
        own_postgres.sql(f"SELECT pg_terminate_backend(pid) {WAITING}")

        assert isinstance(await waiting, CommitOutcomeUnknown)


async def test_a_garbled_answer_leaves_it_unknown(registry: Registry, proxy: FaultProxy) -> None:
    """Data that cannot be read is data; an answer to COMMIT is not."""
    proxy.down = Pipe(swap=(b"COMMIT\0", b"C\xcfMMIT\0"))
    error = await error_of(registry.run(NAME, Work()))

    assert isinstance(error, CommitOutcomeUnknown)
    assert failure_of(error).kind is not FailureKind.DATA
    assert await entries(registry, proxy) == 1


async def test_a_deadline_of_the_callers_that_ends_a_commit_leaves_it_unknown(
    registry: Registry, proxy: FaultProxy
) -> None:
    """That of a web handler around everything; the exception stays the handler's own."""

    async def handle() -> None:
        async with asyncio.timeout(0.5):
            await registry.run(NAME, Work())

    proxy.up = Pipe(match=b"COMMIT;", hook=proxy.blackhole)
    error = await error_of(handle())

    assert isinstance(error, TimeoutError)
    assert failure_of(error).outcome_unknown


async def test_a_statement_without_a_transaction_whose_answer_is_lost_is_unknown_too(
    registry: Registry, proxy: FaultProxy
) -> None:
    def lose() -> None:
        proxy.up, proxy.down = Pipe(), Pipe(limit=0)

    async def write() -> None:
        async with registry.session(NAME, autocommit=True) as session:
            await session.execute(text("SELECT 1"))
            proxy.down, proxy.up = Pipe(), Pipe(match=b"INSERT INTO", hook=lose)
            await session.execute(text("INSERT INTO entry VALUES (1)"))

    failure = failure_of(await error_of(write()))

    assert failure.outcome_unknown
    assert not failure.retry_transaction


async def test_a_confirm_that_finds_nothing_has_the_last_failure_be_the_lost_connection(
    load: Load, postgres: PostgresServer, proxy: FaultProxy, database: str
) -> None:
    url = postgres.url(dbname=database, port=proxy.port, sslmode="disable")
    async with load(orders={"url": url, "retry": {"transaction": {"attempts": 1}}}) as registry:
        async with registry.begin(NAME) as session:
            await session.execute(text("CREATE TABLE entry (id int)"))
        work = Work()

        async def confirm(session: AsyncSession) -> bool:
            return await work.stands(session)

        lose_the_commit(proxy)
        running = asyncio.create_task(registry.run(NAME, work, confirm=confirm))
        await wait_until(lambda: work.calls == 1)
        await wait_until(lambda: registry.stats(NAME).open == 0, what="the connection to be lost")
        proxy.heal()
        error = await error_of(running)

    failure = failure_of(error)
    assert not isinstance(error, CommitOutcomeUnknown)
    assert (failure.kind, failure.outcome_unknown) == (FailureKind.CONNECTION_LOST, False)

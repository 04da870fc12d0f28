"""A server that takes no more writes answers every ping: a refused write has the writer looked up again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from connmgr import FailureKind, Registry, failure_of
from tests.rig.failed import error_of, failure_in
from tests.rig.ports import LOOPBACK
from tests.rig.postgres import PostgresServer
from tests.rig.roles import PASSWORD, new_primary
from tests.rig.template import Template
from tests.rig.wait import wait_until

Load = Callable[..., Registry]
NAME = "orders"
WRITE = text("INSERT INTO entry VALUES (1)")
READ_ONLY = "SHOW default_transaction_read_only"


@pytest.fixture
def servers(postgres_template: Template) -> Iterator[list[PostgresServer]]:
    with new_primary(postgres_template) as one, new_primary(postgres_template) as other:
        for server in (one, other):
            server.sql("CREATE TABLE entry (id int)")
            server.sql("GRANT ALL ON entry TO PUBLIC")
        yield [one, other]


def url(*servers: PostgresServer, attributes: str = "any") -> str:
    hosts = ",".join(f"{LOOPBACK}:{server.port}" for server in servers)
    password = PASSWORD.replace(" ", "%20")
    return f"postgresql://app:{password}@{hosts}/postgres?sslmode=disable&target_session_attrs={attributes}"


def demote(server: PostgresServer) -> None:
    """Have the server take no more writes, on open connections too."""
    server.sql("ALTER SYSTEM SET default_transaction_read_only = on")
    server.sql("SELECT pg_reload_conf()")


async def told(session: AsyncSession) -> None:
    """Wait until the session's server has read its files again."""

    async def is_read_only() -> bool:
        answer = await session.scalar(text(READ_ONLY))
        await session.rollback()
        return bool(answer == "on")

    await wait_until(is_read_only)


async def warm_up(registry: Registry, count: int) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(count):
            await stack.enter_async_context(registry.connect(NAME))


async def write(session: AsyncSession) -> int:
    await session.execute(WRITE)
    return int(await session.scalar(text("SELECT inet_server_port()")) or 0)


@pytest.fixture
async def demoted(load: Load, servers: list[PostgresServer]) -> AsyncIterator[Registry]:
    """A registry with three idle connections to a server that is writer no more, another one being there."""
    profile = {"url": url(*servers, attributes="read-write"), "pool": {"size": 3}}
    async with load(orders=profile) as registry:
        await warm_up(registry, 3)
        demote(servers[0])
        async with registry.session(NAME) as session:
            await told(session)
        yield registry


async def test_a_refused_write_gives_up_its_connection_and_all_that_are_idle(
    demoted: Registry, servers: list[PostgresServer]
) -> None:
    async with demoted.session(NAME) as session:
        error = await error_of(session.execute(WRITE))

    assert isinstance(error, DBAPIError)
    assert error.connection_invalidated
    failure = failure_of(error)
    assert (failure.kind, failure.sqlstate, failure.retry_transaction) == (
        FailureKind.READ_ONLY,
        "25006",
        True,
    )
    assert demoted.stats(NAME).closed_by["demoted"] == 2
    async with demoted.begin(NAME) as session:
        assert await write(session) == servers[1].port


async def test_run_finds_the_writer_by_itself(demoted: Registry, servers: list[PostgresServer]) -> None:
    assert await demoted.run(NAME, write) == servers[1].port


async def test_a_connection_in_use_is_replaced_when_it_comes_back(demoted: Registry) -> None:
    async with demoted.session(NAME) as one:
        await one.execute(text("SELECT 1"))
        async with demoted.session(NAME) as other:
            await error_of(other.execute(WRITE))
        await one.execute(text("SELECT 1"))

    assert demoted.stats(NAME).closed_by["demoted"] == 2


async def test_a_transaction_that_the_application_made_read_only_costs_nothing(
    load: Load, servers: list[PostgresServer]
) -> None:
    async with load(orders={"url": url(servers[0])}) as registry:
        async with registry.session(NAME) as session:
            await session.execute(text("SET TRANSACTION READ ONLY"))
            failure = await failure_in(session.execute(WRITE))

        assert (failure.kind, failure.retry_transaction) == (FailureKind.READ_ONLY, False)
        assert (registry.stats(NAME).idle, registry.stats(NAME).closed) == (1, 0)


@pytest.mark.parametrize("profile", [{"attributes": "read-only"}, {"autocommit": True}], ids=str)
async def test_a_profile_that_only_reads_has_no_writer_to_lose(
    load: Load, servers: list[PostgresServer], profile: dict[str, object]
) -> None:
    demote(servers[0])
    values = {
        "url": url(servers[0], attributes=str(profile.get("attributes", "any"))),
        "session": {"autocommit": profile.get("autocommit", False)},
    }
    async with load(orders=values) as registry, registry.session(NAME) as session:
        failure = await failure_in(session.execute(WRITE))

        assert (failure.kind, failure.retry_transaction) == (FailureKind.READ_ONLY, False)
    assert registry.stats(NAME).closed_by.get("demoted", 0) == 0


async def test_where_no_writer_is_to_be_had_the_pool_is_not_replaced_for_each_write(
    load: Load, servers: list[PostgresServer]
) -> None:
    async with load(orders={"url": url(servers[0]), "pool": {"size": 5}}) as registry:
        await warm_up(registry, 5)
        demote(servers[0])
        async with registry.session(NAME) as session:
            await told(session)

        for _ in range(20):
            async with registry.session(NAME) as session:
                await error_of(session.execute(WRITE))

        stats = registry.stats(NAME)
        assert stats.closed_by["demoted"] < 20
        assert stats.created <= 5 + 20 + 5


async def test_a_profile_that_is_read_only_by_its_own_settings_is_not_demoted(
    load: Load, servers: list[PostgresServer]
) -> None:
    calls = 0

    async def work(session: AsyncSession) -> None:
        nonlocal calls
        calls += 1
        await session.execute(WRITE)

    options = "&options=-c%20default_transaction_read_only%3Don"
    async with load(orders={"url": url(servers[0]) + options}) as registry:
        error = await error_of(registry.run(NAME, work))
        stats = registry.stats(NAME)

    assert failure_of(error).kind is FailureKind.READ_ONLY
    assert not failure_of(error).retry_transaction
    assert (calls, stats.closed_by) == (1, {})

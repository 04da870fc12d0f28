"""Engines of one kind of server share a dialect and compiled statements; one that differs has its own."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import literal, select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.util import LRUCache

from connmgr import Registry
from tests.rig.pipe import Pipe
from tests.rig.postgres import PostgresServer
from tests.rig.proxy import FaultProxy
from tests.rig.relay import Relay, unseen
from tests.rig.wait import wait_until

Load = Callable[..., Registry]


def cached(result: Any) -> bool:
    return result.context.cache_hit is result.context.dialect.CACHE_HIT


async def connect(*engines: AsyncEngine) -> None:
    for engine in engines:
        async with engine.connect():
            pass


async def test_the_first_connect_of_a_second_profile_is_a_login_and_no_more(
    load: Load, postgres: PostgresServer
) -> None:
    async with Relay(postgres.port) as relay:
        url = postgres.url(port=relay.port, sslmode="disable")
        async with load(first={"url": url}, second={"url": url}) as registry:
            await connect(registry.engine("first"))
            relay.round_trips = 0

            await connect(registry.engine("second"))

            # SCRAM: the name, the first message, the proof.
            assert relay.round_trips == 3


async def test_a_statement_is_compiled_once_for_all_engines_of_a_server(
    load: Load, postgres: PostgresServer
) -> None:
    statement = select(literal("only here"))
    async with load(first={"url": postgres.url()}, second={"url": postgres.url()}) as registry:
        async with registry.connect("first") as connection:
            assert not cached(await connection.execute(statement))

        async with registry.connect("second") as connection:
            result = await connection.execute(statement)

        assert cached(result)
        assert result.scalar() == "only here"


async def test_a_view_of_an_engine_that_had_not_connected_yet_shares_as_well(
    load: Load, postgres: PostgresServer
) -> None:
    async with load(first={"url": postgres.url()}, second={"url": postgres.url()}) as registry:
        view = registry.engine("first").execution_options(isolation_level="AUTOCOMMIT")

        await connect(view, registry.engine("second"))

        assert view.dialect == registry.engine("second").dialect


async def test_sqlite_and_postgresql_in_one_registry_share_nothing(
    load: Load, postgres: PostgresServer
) -> None:
    profiles = {
        "first": {"url": "sqlite://"},
        "second": {"url": "sqlite://"},
        "third": {"url": postgres.url()},
    }
    async with load(**profiles) as registry:
        first, second, third = (registry.engine(name) for name in profiles)
        await connect(first, second, third)

        assert first.dialect == second.dialect != third.dialect


@pytest.mark.parametrize("setting", ["on", "off"])
async def test_a_database_that_reads_backslashes_in_another_way_gets_statements_of_its_own(
    load: Load, postgres: PostgresServer, database: str, setting: str
) -> None:
    postgres.sql(f"ALTER DATABASE {database} SET standard_conforming_strings = {setting}")
    statement = select(literal("back\\slash", literal_execute=True))
    async with load(plain={"url": postgres.url()}, other={"url": postgres.url(dbname=database)}) as registry:
        for name in ("plain", "other", "plain"):
            async with registry.connect(name) as connection:
                assert (await connection.execute(statement)).scalar() == "back\\slash"

        assert (registry.engine("plain").dialect == registry.engine("other").dialect) is (setting == "on")


async def test_a_server_that_reports_another_version_gets_a_dialect_of_its_own(
    load: Load, postgres: PostgresServer
) -> None:
    async with Relay(postgres.port, unseen(postgres, b"99")) as relay:
        other = postgres.url(port=relay.port, sslmode="disable")
        async with load(plain={"url": postgres.url()}, other={"url": other}) as registry:
            await connect(registry.engine("plain"), registry.engine("other"))

            assert registry.engine("plain").dialect != registry.engine("other").dialect


async def test_servers_that_leave_out_what_decides_share_nothing(
    load: Load, postgres: PostgresServer
) -> None:
    words = {b"standard_conforming_strings": b"standard_conforming_strangs"}
    async with Relay(postgres.port, words) as relay:
        url = postgres.url(port=relay.port, sslmode="disable")
        async with load(first={"url": url}, second={"url": url}) as registry:
            await connect(registry.engine("first"), registry.engine("second"))

            assert registry.engine("first").dialect != registry.engine("second").dialect
            assert registry.engine("second").dialect.server_version_info is not None


async def test_a_first_connect_whose_questions_hang_holds_up_no_other(
    load: Load, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    swallow = Pipe(match=b"pg_catalog.version()", hook=lambda: setattr(proxy, "down", Pipe(blackhole=True)))
    pool = {"size": 2, "timeout": 20}
    async with Relay(proxy.port, unseen(postgres, b"97")) as relay:
        url = postgres.url(port=relay.port, sslmode="disable")
        async with load(orders={"url": url, "pool": pool, "timeouts": {"connect": 20}}) as registry:
            engine = registry.engine("orders")
            proxy.up = swallow
            first = asyncio.create_task(connect(engine))
            await wait_until(lambda: proxy.down.blackhole)
            proxy.heal()

            await asyncio.wait_for(connect(engine), 10)

            assert engine.dialect.server_version_info
            await asyncio.wait_for(first, 10)


async def test_a_first_connect_that_was_cut_off_leaves_the_next_to_ask(
    load: Load, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    def cut_once() -> None:
        proxy.up = Pipe()
        proxy.reset()

    async with Relay(proxy.port, unseen(postgres, b"96")) as relay:
        url = postgres.url(port=relay.port, sslmode="disable")
        async with load(orders={"url": url}) as registry:
            engine = registry.engine("orders")
            proxy.up = Pipe(match=b"pg_catalog.version()", hook=cut_once)

            await connect(engine)

            stats = registry.stats("orders")
            assert (stats.failed, stats.open, engine.dialect.server_version_info is None) == (1, 1, False)


async def test_the_first_to_connect_decides_when_several_do_at_once(
    load: Load, postgres: PostgresServer
) -> None:
    async with Relay(postgres.port, unseen(postgres, b"98")) as relay:
        url = postgres.url(port=relay.port, sslmode="disable")
        async with load(first={"url": url}, second={"url": url}) as registry:
            first, second = registry.engine("first"), registry.engine("second")

            await asyncio.gather(*(connect(engine) for engine in (first, first, second, second)))

            assert first.dialect == second.dialect


async def test_an_engine_that_was_retired_is_not_kept_by_the_statements_that_it_compiled(
    load: Load, postgres: PostgresServer
) -> None:
    async with load(orders={"url": postgres.url()}) as registry:
        engine = weakref.ref(registry.engine("orders").sync_engine)
        async with registry.connect("orders") as connection:
            await connection.execute(select(literal("of the one that went")))
    del registry, connection

    gc.collect()

    assert engine() is None


async def test_a_changed_dialect_can_be_pruned_from_a_cache(load: Load) -> None:
    async with load(orders={"url": "sqlite://"}) as registry:
        dialect = registry.engine("orders").dialect
        await connect(registry.engine("orders"))
        cache: LRUCache[Any, int] = LRUCache(2)
        for number in range(3):
            cache[dialect, number] = number

        dialect.max_identifier_length = 30
        cache["one", "more"] = 4

        assert len(cache) == 2


async def test_what_a_dialect_says_of_itself_is_what_sqlalchemys_own_says(
    load: Load, postgres: PostgresServer
) -> None:
    plain = create_async_engine(postgres.url().replace("://", "+asyncpg://"), poolclass=NullPool)
    async with load(orders={"url": postgres.url()}) as registry:
        await connect(plain, registry.engine("orders"))
        ours, theirs = registry.engine("orders").dialect, plain.dialect

        names = [name for name, value in vars(theirs).items() if isinstance(value, (str, int, tuple))]
        differ = [name for name in names if getattr(ours, name) != getattr(theirs, name)]

        # These depend on the login, and are asked for when something needs them.
        assert sorted(differ) == ["default_isolation_level", "default_schema_name"]
        assert isinstance(ours, type(theirs))
        assert repr(ours).split(" at ")[0] == repr(theirs).split(" at ")[0]
    await plain.dispose()

"""Each engine finds its own default schema, and only when something asks for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Sequence, Table, insert, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from connmgr import Registry
from tests.rig.postgres import PostgresServer
from tests.rig.relay import Relay

Load = Callable[..., Registry]

METADATA = MetaData(schema="per_tenant")
ORDERS = Table(
    "orders", METADATA, Column("id", Integer, Sequence("numbers", metadata=METADATA), primary_key=True)
)
TO_DEFAULT = {"schema_translate_map": {"per_tenant": None}}


@pytest.fixture
async def registry(load: Load, postgres: PostgresServer, database: str) -> AsyncIterator[Registry]:
    """Two tenants in one database; their connections work in the schemas `first` and `second`."""
    for name in ("first", "second"):
        postgres.sql(f"CREATE SCHEMA {name} AUTHORIZATION app", dbname=database)
    profiles = {
        name: {"url": postgres.url(dbname=database, options=f"-csearch_path={name}"), "pool": {"size": 1}}
        for name in ("first", "second")
    }
    async with load(**profiles) as registry:
        yield registry


async def schema_of(connection: AsyncConnection) -> Any:
    return await connection.run_sync(lambda sync: inspect(sync).default_schema_name)


async def test_none_in_a_translate_map_is_the_default_schema_of_whoever_executes(
    registry: Registry, postgres: PostgresServer, database: str
) -> None:
    for name in ("first", "second", "first"):
        engine = registry.engine(name).execution_options(**TO_DEFAULT)
        async with engine.begin() as connection:
            await connection.run_sync(METADATA.create_all)
            await connection.execute(insert(ORDERS))
            await connection.execute(insert(ORDERS), [{}, {}])
            await connection.run_sync(lambda sync: sync.scalar(Sequence("numbers", metadata=METADATA)))

    counts = [
        postgres.sql(f"SELECT count(*) FROM {name}.orders", dbname=database) for name in ("first", "second")
    ]
    assert counts == ["6", "3"]


async def test_a_translate_map_in_a_session_leads_each_tenant_to_its_own(registry: Registry) -> None:
    for name in ("first", "second"):
        async with registry.begin(name) as session:
            connection = await session.connection(execution_options=TO_DEFAULT)
            await connection.run_sync(METADATA.create_all)
            await session.execute(insert(ORDERS).values(id=len(name)))

    for name in ("first", "second"):
        async with registry.session(name) as session:
            await session.connection(execution_options=TO_DEFAULT)
            assert (await session.scalars(select(ORDERS.c.id))).all() == [len(name)]


async def test_an_inspector_knows_it_and_the_dialect_from_then_on(registry: Registry) -> None:
    for name in ("first", "second"):
        async with registry.connect(name) as connection:
            assert connection.dialect.default_schema_name is None
            assert await schema_of(connection) == name
            assert connection.dialect.default_schema_name == name


async def test_what_the_session_set_since_neither_changes_it_nor_is_changed(registry: Registry) -> None:
    async with registry.connect("first") as connection:
        await connection.execute(text("SET search_path = second"))
        await connection.execute(text("CREATE TEMP TABLE here ON COMMIT DROP AS SELECT 1"))

        assert await schema_of(connection) == "first"

        assert (await connection.execute(text("SELECT current_schema()"))).scalar() == "second"
        assert (await connection.execute(text("SELECT count(*) FROM here"))).scalar() == 1


async def test_one_that_was_set_by_hand_is_this_engines_alone(registry: Registry) -> None:
    for name in ("first", "second"):
        async with registry.connect(name):
            pass
    first, second = registry.engine("first"), registry.engine("second")

    first.dialect.default_schema_name = "elsewhere"

    async with first.connect() as one, second.connect() as other:
        assert (await schema_of(one), await schema_of(other)) == ("elsewhere", "second")
    assert first.dialect == second.dialect


async def test_it_is_asked_for_once(load: Load, postgres: PostgresServer) -> None:
    async with Relay(postgres.port) as relay:
        url = postgres.url(port=relay.port, sslmode="disable")
        async with (
            load(orders={"url": url}) as registry,
            registry.connect("orders") as connection,
        ):
            assert await schema_of(connection) == "public"
            relay.round_trips = 0

            assert await schema_of(connection) == "public"

            assert relay.round_trips == 0

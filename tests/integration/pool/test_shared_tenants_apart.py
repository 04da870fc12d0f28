"""Nothing of one profile shows in another, although their engines share a dialect and compiled statements."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Enum,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    event,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.schema import CreateTable
from sqlalchemy.sql.ddl import DropTable

from connmgr import Registry
from tests.rig.postgres import PostgresServer

Load = Callable[..., Registry]

METADATA = MetaData()
ORDERS = Table(
    "orders",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("amount", Numeric),
    Column("state", Enum("open", "paid", name="state")),
    Column("note", JSONB),
)


@pytest.fixture
async def registry(load: Load, postgres: PostgresServer, database: str) -> AsyncIterator[Registry]:
    """Two tenants of one server, `first` and `second`, each with a database of its own."""
    with postgres.database() as other:
        urls = {"first": postgres.url(dbname=database), "second": postgres.url(dbname=other)}
        async with load(**{name: {"url": url} for name, url in urls.items()}) as registry:
            for name in urls:
                async with registry.connect(name):
                    pass
            assert registry.engine("first").dialect == registry.engine("second").dialect
            yield registry


async def run(engine: AsyncEngine, *statements: Any) -> Any:
    """Execute in one transaction; return the rows of the last."""
    async with engine.begin() as connection:
        for statement in statements:
            result = await connection.execute(statement)
        return result.all() if result.returns_rows else []


@pytest.mark.parametrize(
    "name", ["do_connect", "before_cursor_execute", "engine_connect", "do_execute", "connect"]
)
async def test_a_listener_on_one_engine_hears_nothing_of_another(registry: Registry, name: str) -> None:
    heard: list[str] = []
    event.listen(registry.engine("first").sync_engine, name, lambda *_, **__: heard.append(name))
    for engine in (registry.engine("second"), registry.engine("first")):
        await engine.dispose()
        before = len(heard)

        await run(engine, text("SELECT 1"))

        assert (len(heard) > before) is (engine is registry.engine("first"))


async def test_a_serializer_of_one_engine_is_not_anothers(registry: Registry) -> None:
    first, second = registry.engine("first"), registry.engine("second")
    await run(first, *_made())
    await run(second, *_made())
    add = insert(ORDERS).values(note={"a": 1})
    await run(second, add)

    first.dialect._json_serializer = lambda value: '"changed"'
    await run(first, add)
    await run(second, add)

    assert await run(first, select(ORDERS.c.note)) == [("changed",)]
    assert await run(second, select(ORDERS.c.note)) == [({"a": 1},), ({"a": 1},)]


async def test_what_was_set_before_the_first_connect_stays_with_its_engine(
    load: Load, postgres: PostgresServer
) -> None:
    async with load(first={"url": postgres.url()}, second={"url": postgres.url()}) as registry:
        registry.engine("first").dialect.max_identifier_length = 30

        found = []
        for name in ("first", "second"):
            async with registry.connect(name) as connection:
                result = await connection.execute(select(literal(1)))
                compiled: Any = result.context.compiled
                found.append(compiled.dialect.max_identifier_length)

        assert found == [30, 63]


async def test_a_column_of_another_type_is_converted_as_what_it_is(registry: Registry) -> None:
    first, second = registry.engine("first"), registry.engine("second")
    await run(first, text("CREATE TABLE orders (amount numeric)"), text("INSERT INTO orders VALUES (1.5)"))
    await run(second, text("CREATE TABLE orders (amount float8)"), text("INSERT INTO orders VALUES (1.5)"))
    amount = select(ORDERS.c.amount)

    for engine in (first, second, first, second):
        ((value,),) = await run(engine, amount)

        assert isinstance(value, Decimal)
        assert value == Decimal("1.5")


async def test_rows_of_a_star_have_the_columns_of_their_own_table(registry: Registry) -> None:
    first, second = registry.engine("first"), registry.engine("second")
    await run(
        first, text("CREATE TABLE orders (id int, who text)"), text("INSERT INTO orders VALUES (1, 'a')")
    )
    await run(second, text("CREATE TABLE orders (who text)"), text("INSERT INTO orders VALUES ('b')"))

    for engine, expected in (
        (first, {"id": 1, "who": "a"}),
        (second, {"who": "b"}),
        (first, {"id": 1, "who": "a"}),
    ):
        rows = await run(engine, text("SELECT * FROM orders"))

        assert [row._asdict() for row in rows] == [expected]


async def test_enums_json_and_many_rows_with_returning_work_on_each(registry: Registry) -> None:
    rows = [{"amount": number, "state": "paid", "note": {"n": [number]}} for number in range(50)]
    for name in ("first", "second"):
        engine = registry.engine(name)
        # So that the type has another number in each database.
        await run(engine, text(f"CREATE TYPE {name} AS ENUM ('x')"))
        async with engine.begin() as connection:
            await connection.run_sync(METADATA.create_all)
            result = await connection.execute(
                insert(ORDERS).returning(ORDERS.c.id, ORDERS.c.note, sort_by_parameter_order=True), rows
            )

            assert result.all() == [(number + 1, {"n": [number]}) for number in range(50)]
        assert await run(engine, select(ORDERS.c.amount, ORDERS.c.state).limit(1)) == [(Decimal(0), "paid")]


async def test_ddl_on_one_engine_leaves_the_prepared_statements_of_another(registry: Registry) -> None:
    first: Any = registry.engine("first").dialect
    second: Any = registry.engine("second").dialect
    table = Table("short_lived", MetaData(), Column("name", String))

    await run(registry.engine("first"), CreateTable(table), DropTable(table))

    assert first._invalidate_schema_cache_asof > second._invalidate_schema_cache_asof


def _made() -> tuple[Any, ...]:
    return text("CREATE TYPE state AS ENUM ('open', 'paid')"), CreateTable(ORDERS)

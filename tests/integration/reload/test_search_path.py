"""Other options may mean another schema: begun work keeps the old one, and whatever comes gets the new."""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy import Column, MetaData, Table, Text, select
from sqlalchemy.ext.asyncio import AsyncConnection

from connmgr import Registry
from tests.rig.postgres import PostgresServer

SCHEMAS = """
CREATE SCHEMA other;
CREATE TABLE public.place AS SELECT 'public' AS name;
CREATE TABLE other.place AS SELECT 'other' AS name;
GRANT USAGE ON SCHEMA other TO app;
GRANT ALL ON other.place, public.place TO app
"""


async def place(connection: AsyncConnection) -> str:
    """Read the table of the schema that a translated None stands for, which the engine remembers."""
    query = select(Table("place", MetaData(), Column("name", Text), schema="tenant"))
    mapped = await connection.execution_options(schema_translate_map={"tenant": None})
    return str((await mapped.execute(query)).scalar_one())


async def test_a_changed_search_path_holds_for_new_work_and_not_for_work_that_has_begun(
    postgres: PostgresServer, database: str, tmp_path: Path
) -> None:
    postgres.sql(SCHEMAS, dbname=database)
    file = tmp_path / "orders.yaml"
    file.write_text(json.dumps({"url": postgres.url(dbname=database)}))
    async with Registry.load(tmp_path, environ={}) as registry, registry.connect("orders") as begun:
        assert await place(begun) == "public"
        file.write_text(json.dumps({"url": postgres.url(dbname=database, options="-csearch_path=other")}))

        await registry.reload()

        async with registry.connect("orders") as new:
            assert await place(new) == "other"
        await begun.rollback()
        assert await place(begun) == "public"

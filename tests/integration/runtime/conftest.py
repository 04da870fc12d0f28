"""Registries of real files, and what they log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from connmgr import Registry

Load = Callable[..., Registry]


@pytest.fixture(
    params=[pytest.param("sqlite", id="sqlite"), pytest.param("postgres", marks=pytest.mark.postgres)]
)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty SQLite file and an empty PostgreSQL database, in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/orders.db"
    server, database = request.getfixturevalue("postgres"), request.getfixturevalue("database")
    return str(server.url(dbname=database))


@pytest.fixture
async def registry(load: Load, database_url: str) -> AsyncIterator[Registry]:
    """An open registry of the profile `orders`, which has the tables `item` and `part`."""
    registry = load(orders={"url": database_url, "pool": {"size": 3}})
    async with registry:
        async with registry.begin("orders") as session:
            await session.execute(text("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT)"))
            await session.execute(
                text(
                    "CREATE TABLE part (item_id INTEGER NOT NULL"
                    " REFERENCES item (id) DEFERRABLE INITIALLY DEFERRED)"
                )
            )

        yield registry

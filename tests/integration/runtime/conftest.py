"""Registries of real files, and what they log."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from loguru import logger
from sqlalchemy import text

from connmgr import Registry

Load = Callable[..., Registry]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Write profiles and load them: `load(orders={"url": "sqlite://"})`. JSON is YAML too."""

    def load(environ: Mapping[str, str] | None = None, **profiles: Mapping[str, Any]) -> Registry:
        directory = tmp_path / "profiles"
        directory.mkdir(exist_ok=True)
        for name, values in profiles.items():
            (directory / f"{name}.yaml").write_text(json.dumps(values), encoding="utf-8")
        return Registry.load(directory, environ={} if environ is None else environ)

    return load


@pytest.fixture
def log() -> Iterator[list[dict[str, Any]]]:
    """The records that connmgr logs while the test runs."""
    records: list[dict[str, Any]] = []
    sink = logger.add(lambda message: records.append(message.record), level=0, filter="connmgr")
    logger.enable("connmgr")

    yield records

    logger.disable("connmgr")
    logger.remove(sink)


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

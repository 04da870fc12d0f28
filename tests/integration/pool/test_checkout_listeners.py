"""A listener for checkouts that finds a connection wanting gets another one, and the pool knows of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine

from connmgr.engine.drivers import build_driver
from connmgr.engine.factory import build_engine
from connmgr.engine.pool import Meter
from connmgr.settings import PoolSettings, Settings
from connmgr.target import SQLiteTarget


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """An engine of one connection that its listener has refused once, the first time."""
    settings = Settings(
        "orders", SQLiteTarget(str(tmp_path / "orders.db")), PoolSettings(size=1, max_overflow=0)
    )
    driver = build_driver(settings)
    engine = build_engine(Meter(settings, driver))
    seen: list[Any] = []

    def refuse_the_first(connection: Any, _record: Any, _fairy: Any) -> None:
        seen.append(connection)
        if len(seen) == 1:
            raise DisconnectionError("this one will not do")

    event.listen(engine.sync_engine, "checkout", refuse_the_first)

    yield engine

    await engine.dispose()
    await driver.close()


async def test_the_connection_that_takes_the_place_of_a_refused_one_is_counted(engine: AsyncEngine) -> None:
    async with engine.connect():
        stats = engine.pool.stats()  # type: ignore[attr-defined]

    assert (stats.open, stats.in_use, stats.created, stats.closed) == (1, 1, 2, 1)


async def test_the_connection_that_takes_the_place_of_a_refused_one_is_kept(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        first = (await connection.get_raw_connection()).driver_connection

    async with engine.connect() as connection:
        second = (await connection.get_raw_connection()).driver_connection

    assert first is second

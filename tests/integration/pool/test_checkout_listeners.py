"""A listener for checkouts that finds a connection wanting gets another one, and the pool knows of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine

from connmgr import PoolTimeout
from connmgr.engine.drivers import build_driver
from connmgr.engine.factory import build_engine
from connmgr.engine.pool import Meter
from connmgr.poolstats import PoolStats
from connmgr.settings import PoolSettings, Settings
from connmgr.target import SQLiteTarget
from tests.rig.pool import Lab
from tests.rig.wait import forever, wait_until

NewLab = Callable[..., Lab]


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


async def test_a_refused_connection_is_replaced_within_the_time_and_the_limit_of_the_pool(
    new_lab: NewLab,
) -> None:
    """Whoever waits is served before; SQLAlchemy would open one more than may be."""
    lab = new_lab(size=1, max_overflow=0, timeout="0.3s")
    seen: list[PoolStats] = []

    def refuse(_connection: Any, _record: Any, _fairy: Any) -> None:
        seen.append(lab.stats)
        if len(seen) == 2:
            raise DisconnectionError("this one will not do")

    event.listen(lab.engine.sync_engine, "checkout", refuse)
    async with lab.engine.connect():
        refused = asyncio.create_task(lab.pid())
        waiting = asyncio.create_task(hold(lab))
        await wait_until(lambda: lab.stats.waiting == 2)

    with pytest.raises(PoolTimeout, match=r"pool\.timeout"):
        await refused
    waiting.cancel()
    await asyncio.wait({waiting})
    assert max(stats.open + stats.connecting for stats in seen) == 1
    assert (await lab.quiet()).timeouts == 1


async def hold(lab: Lab) -> None:
    """Take a connection and keep it."""
    async with lab.engine.connect():
        await forever()

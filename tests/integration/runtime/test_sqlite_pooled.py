"""Pooled connections to a SQLite file: what a session leaves on one, and what a cancellation does to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from connmgr import Registry

Load = Callable[..., Registry]


@pytest.fixture
async def registry(load: Load, tmp_path: Path) -> AsyncIterator[Registry]:
    """An open registry of `kept` and `reset`, each with one connection to the same file."""
    url = f"sqlite:///{tmp_path}/orders.db"
    pool = {"mode": "pooled", "size": 1, "max_overflow": 0}
    async with load(
        kept={"url": url, "pool": pool}, reset={"url": url, "pool": {**pool, "reset": "full"}}
    ) as registry:
        yield registry


async def ask(registry: Registry, name: str, question: str) -> Any:
    async with registry.session(name) as session:
        return (await session.execute(text(question))).scalar_one()


async def leave_traces(registry: Registry, name: str) -> None:
    """Leave what is a connection's: a pragma, and a temporary table."""
    async with registry.begin(name) as session:
        await session.execute(text("PRAGMA synchronous = OFF"))
        await session.execute(text("CREATE TEMP TABLE trace AS SELECT 7 AS id"))


async def test_a_full_reset_leaves_nothing_of_a_session(registry: Registry) -> None:
    usual = await ask(registry, "reset", "PRAGMA synchronous")

    await leave_traces(registry, "reset")

    assert await ask(registry, "reset", "PRAGMA synchronous") == usual != 0
    with pytest.raises(OperationalError, match="no such table"):
        await ask(registry, "reset", "SELECT id FROM trace")
    stats = registry.stats("reset")
    assert (stats.in_use, set(stats.closed_by)) == (0, {"reset"})


async def test_a_rollback_leaves_what_is_the_connections(registry: Registry) -> None:
    await leave_traces(registry, "kept")

    assert await ask(registry, "kept", "PRAGMA synchronous") == 0
    assert await ask(registry, "kept", "SELECT id FROM trace") == 7


@pytest.mark.parametrize("name", ["kept", "reset"])
async def test_after_a_cancellation_the_next_session_has_a_connection_of_its_own(
    registry: Registry, name: str
) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    await leave_traces(registry, name)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await ask(registry, name, endless)

    with pytest.raises(OperationalError, match="no such table"):
        await ask(registry, name, "SELECT id FROM trace")
    stats = registry.stats(name)
    assert (stats.open, stats.in_use) == (stats.idle, 0)

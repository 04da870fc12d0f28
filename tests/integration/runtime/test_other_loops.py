"""What belongs to one event loop is refused in any other, at once and whichever object is held."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from connmgr import Registry, WrongEventLoop
from tests.rig.failed import error_of
from tests.rig.postgres import PostgresServer

Load = Callable[..., Registry]
NAME = "orders"
LONG = 60


def in_another_thread(work: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
    async def run() -> Any:
        return await asyncio.wait_for(asyncio.to_thread(lambda: asyncio.run(work())), LONG)  # type: ignore[arg-type]

    return run


async def use(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))


@pytest.mark.parametrize("mode", ["pooled", "none"])
async def test_an_engine_is_refused_in_the_loop_of_another_thread(
    load: Load, postgres: PostgresServer, mode: str
) -> None:
    async with load(orders={"url": postgres.url(), "pool": {"mode": mode}}) as registry:
        engine = registry.engine(NAME)
        await use(engine)

        error = await in_another_thread(lambda: error_of(use(engine)))()

        assert isinstance(error, WrongEventLoop)
        assert "profile 'orders'" in str(error)
        await use(engine)


async def test_a_session_is_refused_there_too(load: Load, postgres: PostgresServer) -> None:
    async with load(orders={"url": postgres.url()}) as registry:
        await use(registry.engine(NAME))
        session = registry.session(NAME)

        error = await in_another_thread(lambda: error_of(session.execute(text("SELECT 1"))))()

        assert isinstance(error, WrongEventLoop)
        await session.close()


async def test_a_registry_is_refused_there_at_once(load: Load) -> None:
    async with load(orders={"url": "sqlite://"}) as registry:

        async def ask() -> None:
            registry.session(NAME)

        assert isinstance(await in_another_thread(lambda: error_of(ask()))(), WrongEventLoop)

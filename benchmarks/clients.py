"""What people reach for when they need a connection, ours among it, each as one operation to repeat.

None uses TLS: the URLs say `sslmode=disable`, so that a connect is one connect for everybody.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine

from benchmarks.harness import Operation
from connmgr import Registry

NAME = "bench"
"""The profile of every registry here."""


@dataclass(frozen=True, slots=True)
class Work:
    """The statement of an operation, how many connections are open at the start, and how many may be."""

    statement: str = "SELECT 1"
    least: int = 10
    most: int = 10


Client = Callable[[str, Work], AbstractAsyncContextManager[Operation]]
"""Given the URL of a server, lends an operation: take a connection or a session, execute, give it back."""


@asynccontextmanager
async def open_registry(url: str, pool: str) -> AsyncIterator[Registry]:
    """Open a registry of one profile; `pool` is its `pool:` in YAML."""
    async with _registry(url, pool) as registry:
        yield registry


def _registry(url: str, pool: str) -> Registry:
    with TemporaryDirectory() as directory:
        Path(directory, f"{NAME}.yaml").write_text(f"url: ${{URL}}\npool: {pool}\n")
        return Registry.load(directory, environ={"URL": url})


@asynccontextmanager
async def open_engine(url: str, size: int, *, pre_ping: bool = False) -> AsyncIterator[AsyncEngine]:
    """Build an engine of SQLAlchemy's own, with its own pool of `size` connections."""
    # Without what libpq calls `sslmode`: SQLAlchemy's dialect has another word for it.
    address = url.replace("://", "+asyncpg://", 1).partition("?")[0]
    engine = create_async_engine(
        address, pool_size=size, max_overflow=0, pool_pre_ping=pre_ping, connect_args={"ssl": False}
    )
    try:
        yield engine
    finally:
        await engine.dispose()


async def fill(engine: AsyncEngine, count: int) -> None:
    """Have `count` connections open at once, and leave them to the pool."""
    connections = await asyncio.gather(*(engine.connect() for _ in range(count)))
    for connection in connections:
        await connection.close()


@asynccontextmanager
async def connmgr(url: str, work: Work) -> AsyncIterator[Operation]:
    """Lend ours: `registry.session()`."""
    statement = text(work.statement)
    async with open_registry(url, f"{{size: {work.most}, max_overflow: 0}}") as registry:
        await fill(registry.engine(NAME), work.least)

        async def operation() -> None:
            async with registry.session(NAME) as session:
                await session.execute(statement)

        yield operation


@asynccontextmanager
async def sqlalchemy(url: str, work: Work, *, pre_ping: bool = False) -> AsyncIterator[Operation]:
    """Lend SQLAlchemy by hand: a session of its own engine."""
    statement = text(work.statement)
    async with open_engine(url, work.most, pre_ping=pre_ping) as engine:
        await fill(engine, work.least)
        sessions = async_sessionmaker(engine, expire_on_commit=False)

        async def operation() -> None:
            async with sessions() as session:
                await session.execute(statement)

        yield operation


sqlalchemy_pinging: Client = partial(sqlalchemy, pre_ping=True)


@asynccontextmanager
async def asyncpg_pool(url: str, work: Work) -> AsyncIterator[Operation]:
    """Lend asyncpg's own pool. Statements run without a transaction; a reset follows each use."""
    import asyncpg

    async with asyncpg.create_pool(url, min_size=work.least, max_size=work.most) as pool:

        async def operation() -> None:
            async with pool.acquire() as connection:
                await connection.fetch(work.statement)

        yield operation


@asynccontextmanager
async def psycopg_pool(url: str, work: Work, *, autocommit: bool = False) -> AsyncIterator[Operation]:
    """Lend psycopg's own pool. Without `autocommit` each use is a transaction."""
    from psycopg_pool import AsyncConnectionPool

    pool = AsyncConnectionPool(
        url, min_size=work.least, max_size=work.most, open=False, kwargs={"autocommit": autocommit}
    )
    async with pool:
        await pool.wait()

        async def operation() -> None:
            async with pool.connection() as connection:
                await connection.execute(work.statement)

        yield operation


psycopg_pool_autocommit: Client = partial(psycopg_pool, autocommit=True)


@asynccontextmanager
async def advanced_alchemy(url: str, work: Work) -> AsyncIterator[Operation]:
    """Lend the session of an Advanced Alchemy configuration, on an engine of SQLAlchemy's."""
    from advanced_alchemy.config import SQLAlchemyAsyncConfig

    statement = text(work.statement)
    async with open_engine(url, work.most) as engine:
        await fill(engine, work.least)
        config = SQLAlchemyAsyncConfig(engine_instance=engine)

        async def operation() -> None:
            async with config.get_session() as session:
                await session.execute(statement)

        yield operation

"""What a benchmark of sessions needs: a server, a registry, and engines of SQLAlchemy's own beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import NullPool

from benchmarks.harness import Operation
from connmgr import Registry
from tests.rig.postgres import PostgresServer
from tests.rig.template import new_template

SELECT = text("SELECT 1")
SIZE = 10
"""Connections in a pool. No overflow: opening connections in the middle of a visit would be measured too."""


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """Start a PostgreSQL server; the URLs of its database and of a SQLite file, by the system's name."""
    with (
        TemporaryDirectory() as directory,
        new_template() as template,
        PostgresServer(template) as server,
    ):
        yield {"postgresql": server.url(), "sqlite": f"sqlite:///{directory}/bench.db"}


@contextmanager
def profiles(urls: Mapping[str, str]) -> Iterator[Registry]:
    """Load a registry, not open yet, with a profile for each URL."""
    with TemporaryDirectory() as directory:
        for name in urls:
            profile = f"url: ${{{name}}}\npool: {{size: {SIZE}, max_overflow: 0}}\n"
            Path(directory, f"{name}.yaml").write_text(profile)
        yield Registry.load(directory, environ=urls)


@asynccontextmanager
async def plain_engine(url: str) -> AsyncIterator[AsyncEngine]:
    """Build an engine by hand, with the sizes of the profiles and without a ping."""
    scheme, rest = url.split("://")
    if scheme == "sqlite":
        # What a profile of SQLite's gets too: a connection for each session.
        engine = create_async_engine(f"sqlite+aiosqlite://{rest}", poolclass=NullPool)
    else:
        engine = create_async_engine(f"postgresql+asyncpg://{rest}", pool_size=SIZE, max_overflow=0)
    try:
        yield engine
    finally:
        await engine.dispose()


def select(registry: Registry, name: str, *, autocommit: bool | None = None) -> Operation:
    """Return `SELECT 1` in a session of the registry's."""

    async def operation() -> None:
        async with registry.session(name, autocommit=autocommit) as session:
            await session.execute(SELECT)

    return operation


def select_by_hand(engine: AsyncEngine) -> Operation:
    """Return `SELECT 1` in a session of SQLAlchemy's own."""
    sessions: async_sessionmaker[AsyncSession] = async_sessionmaker(engine, expire_on_commit=False)

    async def operation() -> None:
        async with sessions() as session:
            await session.execute(SELECT)

    return operation

"""A session with `SELECT 1`: ours against SQLAlchemy by hand, on PostgreSQL and on SQLite.

Two controls. `by hand` is an `async_sessionmaker` on the registry's own engine: the price of finding the
engine by name. `plain` is an engine of SQLAlchemy's own with the same sizes: the price of everything.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import NullPool

from benchmarks import report
from benchmarks.harness import Cell, Contender, Operation, compare, concurrent
from connmgr import Registry
from tests.rig.postgres import PostgresServer
from tests.rig.template import new_template

CONCURRENCY = (1, 10, 50)
SIZE = 10
"""Connections in a pool. No overflow: opening connections in the middle of a visit would be measured too."""
SELECT = text("SELECT 1")


def main() -> None:
    """Measure every cell and print the ratios."""
    parser = report.arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=0.15, help="length of one visit")
    options = parser.parse_args()
    cells = asyncio.run(_cells(options.pairs, options.seconds))
    report.show("A session with SELECT 1", cells, as_json=options.json)


async def _cells(pairs: int, seconds: float) -> list[Cell]:
    with (
        tempfile.TemporaryDirectory() as directory,
        new_template() as template,
        PostgresServer(template) as server,
    ):
        urls = {"postgresql": server.url(), "sqlite": f"sqlite:///{directory}/bench.db"}
        async with _registry(Path(directory, "profiles"), urls) as registry:
            return [
                cell
                for name, url in urls.items()
                for concurrency in CONCURRENCY
                async for cell in _against_each_control(registry, name, url, concurrency, pairs, seconds)
            ]


def _registry(directory: Path, urls: Mapping[str, str]) -> Registry:
    directory.mkdir()
    for name in urls:
        (directory / f"{name}.yaml").write_text(
            f"url: ${{{name}}}\npool: {{size: {SIZE}, max_overflow: 0}}\n"
        )
    return Registry.load(directory, environ=urls)


async def _against_each_control(
    registry: Registry, name: str, url: str, concurrency: int, pairs: int, seconds: float
) -> AsyncIterator[Cell]:
    async with _plain_engine(url) as plain:
        controls = {"by hand": _by_hand(registry.engine(name)), "plain": _by_hand(plain)}
        for title, operation in controls.items():
            yield await compare(
                f"{name}, {concurrency} at a time",
                Contender("registry.session", concurrent(_ours(registry, name), concurrency, seconds)),
                Contender(title, concurrent(operation, concurrency, seconds)),
                pairs=pairs,
            )


@asynccontextmanager
async def _plain_engine(url: str) -> AsyncIterator[AsyncEngine]:
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


def _ours(registry: Registry, name: str) -> Operation:
    async def operation() -> None:
        async with registry.session(name) as session:
            await session.execute(SELECT)

    return operation


def _by_hand(engine: AsyncEngine) -> Operation:
    sessions: async_sessionmaker[AsyncSession] = async_sessionmaker(engine, expire_on_commit=False)

    async def operation() -> None:
        async with sessions() as session:
            await session.execute(SELECT)

    return operation


if __name__ == "__main__":
    main()

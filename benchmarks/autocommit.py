"""A read with autocommit: ours against a session of SQLAlchemy's own, which begins a transaction for it."""

from __future__ import annotations

import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from benchmarks import report
from benchmarks.databases import databases, plain_engine, profiles
from benchmarks.harness import Cell, Contender, Operation, compare, concurrent
from connmgr import Registry

CONCURRENCY = (1, 10, 50)
SELECT = text("SELECT 1")


def main() -> None:
    """Measure every cell and print the ratios."""
    parser = report.arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=0.15, help="length of one visit")
    options = parser.parse_args()
    cells = asyncio.run(_cells(options.pairs, options.seconds))
    report.show("A session with SELECT 1 and autocommit", cells, as_json=options.json)


async def _cells(pairs: int, seconds: float) -> list[Cell]:
    with databases() as urls, profiles(urls) as registry:
        async with registry:
            return [
                cell
                for name, url in urls.items()
                for cell in await _cells_of(registry, name, url, pairs, seconds)
            ]


async def _cells_of(registry: Registry, name: str, url: str, pairs: int, seconds: float) -> list[Cell]:
    async with plain_engine(url) as plain:
        return [
            await compare(
                f"{name}, {concurrency} at a time",
                Contender("autocommit", concurrent(_ours(registry, name), concurrency, seconds)),
                Contender("AsyncSession", concurrent(_by_hand(plain), concurrency, seconds)),
                pairs=pairs,
            )
            for concurrency in CONCURRENCY
        ]


def _ours(registry: Registry, name: str) -> Operation:
    async def operation() -> None:
        async with registry.session(name, autocommit=True) as session:
            await session.execute(SELECT)

    return operation


def _by_hand(engine: AsyncEngine) -> Operation:
    async def operation() -> None:
        async with AsyncSession(engine, expire_on_commit=False) as session:
            await session.execute(SELECT)

    return operation


if __name__ == "__main__":
    main()

"""A session with `SELECT 1`: ours against SQLAlchemy by hand, on PostgreSQL and on SQLite.

Two controls. `by hand` is an `async_sessionmaker` on the registry's own engine: the price of finding the
engine by name. `plain` is an engine of SQLAlchemy's own with the same sizes: the price of everything.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from benchmarks import report
from benchmarks.databases import databases, plain_engine, profiles, select, select_by_hand
from benchmarks.harness import Cell, Contender, compare, concurrent
from connmgr import Registry

CONCURRENCY = (1, 10, 50)


def main() -> None:
    """Measure every cell and print the ratios."""
    parser = report.arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=0.15, help="length of one visit")
    options = parser.parse_args()
    cells = asyncio.run(_cells(options.pairs, options.seconds))
    report.show("A session with SELECT 1", cells, as_json=options.json)


async def _cells(pairs: int, seconds: float) -> list[Cell]:
    with databases() as urls, profiles(urls) as registry:
        async with registry:
            return [
                cell
                for name, url in urls.items()
                for concurrency in CONCURRENCY
                async for cell in _against_each_control(registry, name, url, concurrency, pairs, seconds)
            ]


async def _against_each_control(
    registry: Registry, name: str, url: str, concurrency: int, pairs: int, seconds: float
) -> AsyncIterator[Cell]:
    async with plain_engine(url) as plain:
        controls = {
            "by hand": select_by_hand(registry.engine(name)),
            "plain": select_by_hand(plain),
        }
        for title, operation in controls.items():
            yield await compare(
                f"{name}, {concurrency} at a time",
                Contender("registry.session", concurrent(select(registry, name), concurrency, seconds)),
                Contender(title, concurrent(operation, concurrency, seconds)),
                pairs=pairs,
            )


if __name__ == "__main__":
    main()

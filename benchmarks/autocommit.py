"""A read with autocommit: ours against a session of SQLAlchemy's own, which begins a transaction for it."""

from __future__ import annotations

import asyncio

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
        ours, theirs = select(registry, name, autocommit=True), select_by_hand(plain)
        return [
            await compare(
                f"{name}, {concurrency} at a time",
                Contender("autocommit", concurrent(ours, concurrency, seconds)),
                Contender("AsyncSession", concurrent(theirs, concurrency, seconds)),
                pairs=pairs,
            )
            for concurrency in CONCURRENCY
        ]


if __name__ == "__main__":
    main()

"""Sessions that do nothing: ours against SQLAlchemy's own, opened and closed, with and without a checkout.

Where a statement runs, its round trips hide what a session itself costs; here nothing does.
"""

from __future__ import annotations

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from benchmarks import report
from benchmarks.databases import databases, plain_engine, profiles
from benchmarks.harness import Cell, Contender, Operation, compare, concurrent
from connmgr import Registry

NAME = "postgresql"
CONCURRENCY = (1, 10)


def main() -> None:
    """Measure every cell and print the ratios of throughput; a ratio of time is its inverse."""
    parser = report.arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=0.15, help="length of one visit")
    options = parser.parse_args()
    cells = asyncio.run(_cells(options.pairs, options.seconds))
    report.show("A session without a statement", cells, as_json=options.json)


async def _cells(pairs: int, seconds: float) -> list[Cell]:
    with databases() as urls, profiles({NAME: urls[NAME]}) as registry:
        async with registry, plain_engine(urls[NAME]) as plain:
            return [
                await compare(
                    f"{situation}, {concurrency} at a time",
                    Contender("registry.session", concurrent(ours, concurrency, seconds)),
                    Contender("AsyncSession", concurrent(control, concurrency, seconds)),
                    pairs=pairs,
                )
                for concurrency in CONCURRENCY
                for situation, ours, control in (
                    ("opened and closed", _opened(registry), _opened_by_hand(plain)),
                    ("with a checkout", _checked_out(registry), _checked_out_by_hand(plain)),
                )
            ]


def _opened(registry: Registry) -> Operation:
    async def operation() -> None:
        async with registry.session(NAME):
            pass

    return operation


def _opened_by_hand(engine: AsyncEngine) -> Operation:
    async def operation() -> None:
        async with AsyncSession(engine, expire_on_commit=False):
            pass

    return operation


def _checked_out(registry: Registry) -> Operation:
    async def operation() -> None:
        async with registry.session(NAME) as session:
            await session.connection()

    return operation


def _checked_out_by_hand(engine: AsyncEngine) -> Operation:
    async def operation() -> None:
        async with AsyncSession(engine, expire_on_commit=False) as session:
            await session.connection()

    return operation


if __name__ == "__main__":
    main()

"""What `registry.run` costs where nothing fails, against `registry.begin`; and what it costs to classify.

The errors that are classified are real ones: each was raised by a server, or on the way to one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks import report, table
from benchmarks.databases import SELECT, databases, profiles
from benchmarks.harness import MIN_PAIRS, Operation, Spread, concurrent, in_turn
from benchmarks.table import Row, at_least, at_most
from connmgr import Registry, failure_of
from tests.rig.ports import LOOPBACK, free_port

NAME, AWAY = "postgresql", "away"
CONCURRENCY = (1, 10, 50)
ROUNDS = 200
STATEMENTS = {
    "a syntax error": "SELEKT 1",
    "a division by zero": "SELECT 1 / 0",
    "a unique violation": "INSERT INTO entry VALUES (1)",
    "a deadlock": "DO $$ BEGIN RAISE SQLSTATE '40P01' USING MESSAGE = 'made up'; END $$",
    "a long message": "SELECT nosuch AS " + "x" * 5000,
}
LOST = "SELECT pg_terminate_backend(pg_backend_pid())"


def main() -> None:
    """Measure and print."""
    parser = report.arguments(__doc__, pairs=MIN_PAIRS)
    parser.add_argument("--seconds", type=float, default=0.3, help="length of one visit")
    options = parser.parse_args()
    rows = asyncio.run(_rows(options.pairs, options.seconds))
    table.show("run against begin, and the classifier", rows, as_json=options.json)


async def _rows(pairs: int, seconds: float) -> list[Row]:
    away = f"postgresql://app@{LOOPBACK}:{free_port()}/orders?sslmode=disable"
    with databases() as urls, profiles({NAME: urls[NAME], AWAY: away}) as registry:
        async with registry:
            rows = [await _against_begin(registry, count, pairs, seconds) for count in CONCURRENCY]
            return rows + [_classified(name, error) for name, error in (await _errors(registry)).items()]


async def _against_begin(registry: Registry, concurrency: int, pairs: int, seconds: float) -> Row:
    visits = [concurrent(operation, concurrency, seconds) for operation in (_run(registry), _begin(registry))]
    ours, theirs = await in_turn(visits, pairs)
    return table.throughput(f"run / begin, {concurrency} at a time", ours, theirs, at_least(0.97))


def _run(registry: Registry) -> Operation:
    async def work(session: AsyncSession) -> None:
        await session.execute(SELECT)

    async def operation() -> None:
        await registry.run(NAME, work)

    return operation


def _begin(registry: Registry) -> Operation:
    async def operation() -> None:
        async with registry.begin(NAME) as session:
            await session.execute(SELECT)

    return operation


async def _errors(registry: Registry) -> dict[str, BaseException]:
    async with registry.begin(NAME) as session:
        await session.execute(text("CREATE TABLE entry (id int PRIMARY KEY)"))
        await session.execute(text("INSERT INTO entry VALUES (1)"))
    errors = {name: await _error(_execute(registry, NAME, sql)) for name, sql in STATEMENTS.items()}
    errors["a lost connection"] = await _error(_execute(registry, NAME, LOST))
    errors["a pool that cannot connect"] = await _error(_execute(registry, AWAY, "SELECT 1"))
    errors["an error of the application's"] = ValueError("no such customer")
    return errors


async def _execute(registry: Registry, name: str, sql: str) -> None:
    async with registry.session(name) as session:
        await session.execute(text(sql))


async def _error(work: Awaitable[None]) -> BaseException:
    try:
        await work
    except Exception as error:  # noqa: BLE001 - it is what is measured
        return error
    raise AssertionError("nothing failed")


def _classified(name: str, error: BaseException) -> Row:
    taken = []
    for _ in range(MIN_PAIRS):
        begun = time.perf_counter()
        for _ in range(ROUNDS):
            failure_of(error)
        taken.append((time.perf_counter() - begun) / ROUNDS * 1e6)
    kind = failure_of(error).kind.value
    return Row(f"to classify {name}, us", Spread.of(taken), ours=kind, goal=at_most(20))


if __name__ == "__main__":
    main()

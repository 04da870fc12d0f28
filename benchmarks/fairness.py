"""Four tasks on one connection: how evenly they get it, when each closes its session itself.

Closed by `async with`, a session of SQLAlchemy's gives its connection back in another task, and the others
get their turn. Closed by hand, the task that has just closed is the first to ask again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from benchmarks import report, table
from benchmarks.clients import NAME, open_engine, open_registry
from benchmarks.harness import MIN_PAIRS, Sample, Spread, in_turn
from benchmarks.table import Row, at_least
from tests.rig.postgres import PostgresServer
from tests.rig.template import new_template

TASKS = 4
SELECT = text("SELECT 1")


@dataclass(frozen=True, slots=True)
class Turns:
    """What all tasks did together, and how often each had its turn."""

    sample: Sample
    counts: tuple[int, ...]

    @property
    def evenness(self) -> float:
        """The turns of the task that had fewest, divided by those of the one that had most."""
        return min(self.counts) / max(self.counts)


def main() -> None:
    """Measure ours and SQLAlchemy's pool in turn and print how even they are."""
    parser = report.arguments(__doc__, pairs=MIN_PAIRS)
    parser.add_argument("--seconds", type=float, default=0.5, help="length of one visit")
    options = parser.parse_args()
    with new_template() as template, PostgresServer(template) as server:
        row = asyncio.run(_row(server.url(sslmode="disable"), options.pairs, options.seconds))
    table.show(f"{TASKS} tasks on one connection, sessions closed by hand", [row], as_json=options.json)


async def _row(url: str, pairs: int, seconds: float) -> Row:
    pool = "{size: 1, max_overflow: 0}"
    async with open_registry(url, pool) as registry, open_engine(url, 1) as stock:
        mine, theirs = await in_turn(
            [
                _visit(registry.sessionmaker(NAME), seconds),
                _visit(async_sessionmaker(stock, expire_on_commit=False), seconds),
            ],
            pairs,
        )
    evenness = Spread.of([turns.evenness for turns in mine])
    return Row(
        "fewest turns / most turns of a task",
        evenness,
        ours=f"worst {evenness.low:.3f}",
        theirs=f"{Spread.of([turns.evenness for turns in theirs]).median:.3f}",
        cpu=table.cpu([turns.sample for turns in mine], [turns.sample for turns in theirs]),
        goal=at_least(0.95),
    )


def _visit(new_session: Callable[[], AsyncSession], seconds: float) -> Callable[[], Awaitable[Turns]]:
    async def visit() -> Turns:
        begun, cpu = time.perf_counter(), time.process_time()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_repeat(new_session, begun + seconds)) for _ in range(TASKS)]
        counts = tuple(task.result() for task in tasks)
        sample = Sample(sum(counts), time.perf_counter() - begun, time.process_time() - cpu)
        return Turns(sample, counts)

    return visit


async def _repeat(new_session: Callable[[], AsyncSession], end: float) -> int:
    count = 0
    while count == 0 or time.perf_counter() < end:
        session = new_session()
        await session.execute(SELECT)
        await session.close()
        count += 1
    return count


if __name__ == "__main__":
    main()

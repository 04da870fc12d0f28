"""What a thousand profiles on one server cost: memory, time to build, round trips of a first connect.

Counted is what comes with a profile's first use: engine, pool, dialect, driver. What its YAML comes to is
counted by `benchmarks.load`. An engine is used once and has no connection any more when memory is taken.
"""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Executable, column, literal_column, select, table
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from benchmarks import report
from benchmarks import table as printed
from benchmarks.databases import SELECT
from benchmarks.harness import MIN_PAIRS, Sample, Spread, in_turn
from benchmarks.table import Goal, Row, at_most
from connmgr import Registry
from connmgr.runtime.handle import Handle
from connmgr.runtime.session import ManagedSession
from connmgr.settings import Timeouts
from tests.rig.postgres import PostgresServer
from tests.rig.relay import Relay
from tests.rig.template import new_template

PROFILES = 1000
BUILT_AT_ONCE = 100
ENGINES, STATEMENTS = 200, 100
"""For the compiled cache: on each of the engines, each of the statements."""
TIMERS = Timeouts().close + 0.5
"""Seconds after which the timer of the last session's end is gone."""
CLASS = table("pg_class", column("oid"), column("relname"), column("relkind"), column("reltuples"))


@dataclass(frozen=True, slots=True)
class Side:
    """How to build what a profile has in use, by its number, and to open a session with it."""

    build: Callable[[int], Any]
    session: Callable[[Any], AsyncSession]

    async def use(self, built: Any, statements: Sequence[Executable]) -> None:
        """Execute in one session, and leave no connection."""
        async with self.session(built) as session:
            for statement in statements:
                await session.execute(statement)
        await _engine(built).dispose()


def _engine(built: Handle | AsyncEngine) -> AsyncEngine:
    return built.engine if isinstance(built, Handle) else built


def main() -> None:
    """Measure and print."""
    options = report.arguments(__doc__, pairs=MIN_PAIRS).parse_args()
    with new_template() as template, PostgresServer(template) as server, _registry() as registry:
        rows = asyncio.run(_rows(server, registry, options.pairs))
    printed.show(f"{PROFILES} profiles on one server", rows, as_json=options.json)


@contextmanager
def _registry() -> Iterator[Callable[[str], Registry]]:
    """Lend what loads all profiles with one URL."""
    with TemporaryDirectory() as directory:
        for number in range(PROFILES):
            Path(directory, f"{_name(number)}.yaml").write_text("url: ${URL}\n")
        yield lambda url: Registry.load(directory, environ={"URL": url})


def _name(number: int) -> str:
    return f"tenant_{number:04}"


def _ours(registry: Registry) -> Side:
    settings = [registry.settings(_name(number)) for number in range(PROFILES)]
    return Side(lambda number: Handle(settings[number]), ManagedSession)


def _theirs(url: str) -> Side:
    address = url.replace("://", "+asyncpg://").replace("sslmode=", "ssl=")
    return Side(lambda _: create_async_engine(address), AsyncSession)


async def _rows(server: PostgresServer, load: Callable[[str], Registry], pairs: int) -> list[Row]:
    url = server.url(sslmode="disable")
    sides = [_ours(load(url)), _theirs(url)]
    async with Relay(server.port) as relay:
        through = server.url(port=relay.port, sslmode="disable")
        trips = [await _round_trips(side, relay) for side in (_ours(load(through)), _theirs(through))]
    return [
        await _built(sides, pairs),
        _figure("memory of a profile, KiB", [await _memory(side) / 2**10 for side in sides], at_most(4)),
        _figure("its compiled cache, MiB", [await _compiled(side) / 2**20 for side in sides], at_most(5)),
        _figure("round trips, the first profile", [first for first, _ in trips]),
        _figure("round trips, the second profile", [second for _, second in trips], at_most(3)),
    ]


def _figure(name: str, figures: list[float], goal: Goal | None = None) -> Row:
    ours, theirs = figures
    return Row(name, ours, theirs=f"{theirs:.2f}", goal=goal)


async def _built(sides: list[Side], pairs: int) -> Row:
    ours, theirs = await in_turn([_build_many(side) for side in sides], pairs)
    micros = [
        Spread.of([sample.seconds / sample.operations * 1e6 for sample in side]) for side in (ours, theirs)
    ]
    return Row(
        "building an engine, us",
        micros[0],
        theirs=f"{micros[1].median:.2f}",
        cpu=printed.cpu(ours, theirs),
        goal=at_most(50),
    )


def _build_many(side: Side) -> Callable[[], Awaitable[Sample]]:
    async def visit() -> Sample:
        begun, cpu = time.perf_counter(), time.process_time()
        built = [side.build(number) for number in range(BUILT_AT_ONCE)]
        return Sample(len(built), time.perf_counter() - begun, time.process_time() - cpu)

    return visit


async def _memory(side: Side) -> float:
    """Return the bytes of a profile that was used once."""
    await side.use(side.build(0), [SELECT])
    with _traced() as taken:
        built = [side.build(number) for number in range(PROFILES)]
        for each in built:
            await side.use(each, [SELECT])
        await asyncio.sleep(TIMERS)
        return taken() / len(built)


async def _compiled(side: Side) -> float:
    """Return by how many bytes engines grow as each executes all the statements."""
    statements = [_statement(number) for number in range(STATEMENTS)]
    built = [side.build(number) for number in range(ENGINES)]
    for each in built:
        await side.use(each, [SELECT])
    with _traced() as taken:
        for each in built:
            await side.use(each, statements)
        return taken()


def _statement(number: int) -> Executable:
    return select(CLASS, literal_column(str(number)).label(f"number_{number}")).where(CLASS.c.oid == number)


@contextmanager
def _traced() -> Iterator[Callable[[], int]]:
    """Lend what says how many bytes more are in use than at the beginning."""
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()

    def taken() -> int:
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before

    try:
        yield taken
    finally:
        tracemalloc.stop()


async def _round_trips(side: Side, relay: Relay) -> tuple[int, int]:
    """Return how many round trips the first connect of one engine takes, and that of the next one."""
    counts = []
    for number in range(2):
        relay.round_trips = 0
        engine = _engine(side.build(number))
        async with engine.connect():
            counts.append(relay.round_trips)
        await engine.dispose()
    return counts[0], counts[1]


if __name__ == "__main__":
    main()

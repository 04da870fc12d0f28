"""`health_all` over two hundred databases of one server, ten of them black holes in the first part.

One by one is the same checks in turn. The sessions are `SELECT 1` in one of each of two hundred SQLAlchemy
engines at once, connected before; the checks beside them are new ones, not answers kept for a while.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from benchmarks import report, table
from benchmarks.databases import SELECT
from benchmarks.harness import MIN_PAIRS, Sample, Spread, in_turn
from benchmarks.table import Row, at_least, at_most
from connmgr import HealthReport, Registry, Status
from tests.rig.ports import LOOPBACK
from tests.rig.postgres import PostgresServer
from tests.rig.template import new_template

PROFILES, HOLES = 200, 10
TIMEOUT = 1.0
ROUNDS = 5
FEW = 5
EVERY_CHECK = 0.0


def main() -> None:
    """Measure and print."""
    options = report.arguments(__doc__, pairs=MIN_PAIRS).parse_args()
    with new_template() as template, PostgresServer(template, max_connections=3 * PROFILES) as server:
        names = [_name(number) for number in range(PROFILES)]
        server.sql("\n".join(f"CREATE DATABASE {name} OWNER app;" for name in names))
        rows = asyncio.run(_rows(server, options.pairs))
    table.show(f"health_all, {PROFILES} databases", rows, as_json=options.json)


def _name(number: int) -> str:
    return f"tenant_{number:03}"


async def _rows(server: PostgresServer, pairs: int) -> list[Row]:
    with _black_holes() as ports:
        rows = await _with_holes(server, ports)
    return [*rows, *await _all_healthy(server, pairs), await _few_seats(server)]


@contextmanager
def _black_holes() -> Iterator[list[int]]:
    """Lend ports that take connections in and never say a word."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_server((LOOPBACK, 0))).getsockname()[1] for _ in range(HOLES)
        ]


@contextmanager
def _loaded(
    server: PostgresServer, holes: Sequence[int] = (), seats: int = 2 * PROFILES
) -> Iterator[Registry]:
    ports = [*holes, *[server.port] * (PROFILES - len(holes))]
    with TemporaryDirectory() as directory:
        Path(directory, "_registry.yaml").write_text(f"health: {{max_monitors: {seats}}}\n")
        for number, port in enumerate(ports):
            url = server.url(dbname=_name(number), port=port, sslmode="disable")
            Path(directory, f"{_name(number)}.yaml").write_text(
                f"url: {url}\nhealth: {{timeout: {TIMEOUT}s}}\n"
            )
        yield Registry.load(directory)


async def _with_holes(server: PostgresServer, holes: list[int]) -> list[Row]:
    cold: list[float] = []
    warm: list[float] = []
    in_turns: list[float] = []
    alarms = 0
    for _ in range(ROUNDS):
        with _loaded(server, holes) as registry:
            async with registry:
                for taken in (cold, warm):
                    begun = time.perf_counter()
                    reports = await registry.health_all(max_age=EVERY_CHECK)
                    taken.append(time.perf_counter() - begun)
                    alarms += sum(_is_false(registry, report, server) for report in reports.values())
                begun = time.perf_counter()
                for name in registry:
                    await registry.health(name, max_age=EVERY_CHECK)
                in_turns.append(time.perf_counter() - begun)
    ratios = [slow / fast for slow, fast in zip(in_turns, warm, strict=True)]
    return [
        Row(f"cold, {HOLES} black holes, s", Spread.of(cold), goal=at_most(1.15)),
        Row("warm, s", Spread.of(warm), goal=at_most(1.05)),
        Row("one by one / at once", Spread.of(ratios), goal=at_least(9)),
        Row("false alarms", alarms, goal=at_most(0)),
    ]


def _is_false(registry: Registry, report: HealthReport, server: PostgresServer) -> bool:
    is_well = f":{server.port}/" in registry.settings(report.profile).target.url
    if is_well != (report.status is Status.HEALTHY):
        print(report.reason, report.error)
    return is_well != (report.status is Status.HEALTHY)


async def _all_healthy(server: PostgresServer, pairs: int) -> list[Row]:
    engines = [_engine(server, number) for number in range(PROFILES)]
    with _loaded(server) as registry:
        async with registry:
            await registry.health_all()
            await _select_everywhere(engines)
            before = _connections(server)

            async def check() -> Sample:
                return await _sample(registry.health_all(max_age=EVERY_CHECK))

            async def select() -> Sample:
                return await _sample(_select_everywhere(engines))

            ours, theirs = await in_turn([check, select], pairs)
            new = _connections(server) - before
    for engine in engines:
        await engine.dispose()
    return [
        table.throughput("all healthy, sessions' time / ours", ours, theirs, at_least(2.5)),
        Row("new connections of the second call", new, goal=at_most(0)),
    ]


def _engine(server: PostgresServer, number: int) -> AsyncEngine:
    url = server.url(dbname=_name(number)).replace("://", "+asyncpg://")
    return create_async_engine(f"{url}?ssl=disable")


async def _select_everywhere(engines: list[AsyncEngine]) -> None:
    await asyncio.gather(*map(_select, engines))


async def _select(engine: AsyncEngine) -> None:
    async with AsyncSession(engine) as session:
        await session.execute(SELECT)


async def _sample(work: object) -> Sample:
    begun, cpu = time.perf_counter(), time.process_time()
    await work  # type: ignore[misc]
    return Sample(PROFILES, time.perf_counter() - begun, time.process_time() - cpu)


def _connections(server: PostgresServer) -> int:
    return int(server.sql("SELECT sum(sessions) FROM pg_stat_database WHERE datname ^@ 'tenant_'"))


async def _few_seats(server: PostgresServer) -> Row:
    most, done = 0, asyncio.Event()

    async def watch() -> None:
        nonlocal most
        while not done.is_set():
            most = max(most, await asyncio.to_thread(server.backends, "connmgr"))

    with _loaded(server, seats=FEW) as registry:
        async with registry, asyncio.TaskGroup() as tasks:
            tasks.create_task(watch())
            for _ in range(ROUNDS):
                await registry.health_all(max_age=EVERY_CHECK)
            done.set()
    return Row(f"connections with max_monitors {FEW}", most, goal=at_most(FEW))


if __name__ == "__main__":
    main()

"""The pool: sessions against SQLAlchemy's pool with a ping and without, then the pool alone, without I/O."""

from __future__ import annotations

import time

from sqlalchemy import Pool
from sqlalchemy.util import greenlet_spawn

from benchmarks import clients, report, table
from benchmarks.clients import Work, fill, open_engine, open_registry
from benchmarks.far import far_server
from benchmarks.harness import Sample, Spread, Visit, concurrent, in_turn
from benchmarks.loops import in_each_loop
from benchmarks.table import Row, at_least, at_most
from tests.rig.postgres import PostgresServer
from tests.rig.template import new_template

CONCURRENCY = (1, 10, 50)
LATENCY = 0.001
"""Seconds each way to the far server."""
SIZE = 10
CYCLES = 5000


def main() -> None:
    """Measure every row and print the table."""
    parser = report.arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=0.15, help="length of one visit")
    options = parser.parse_args()
    with (
        new_template() as template,
        PostgresServer(template) as server,
        far_server(server.port, latency=LATENCY) as far,
    ):
        near_url, far_url = server.url(sslmode="disable"), server.url(port=far.port, sslmode="disable")

        async def rows(loop: str) -> list[Row]:
            return [
                *await _near(loop, near_url, options.pairs, options.seconds),
                *await _far(loop, far_url, options.pairs, options.seconds),
                await _without_io(loop, near_url, options.pairs),
            ]

        measured = in_each_loop(rows)
    table.show("The pool", measured, packages=("uvloop",), as_json=options.json)


async def _near(loop: str, url: str, pairs: int, seconds: float) -> list[Row]:
    """Ours between the pool that never asks and the one that always does."""
    rows = []
    async with (
        clients.connmgr(url, Work()) as ours,
        clients.sqlalchemy(url, Work()) as trusting,
        clients.sqlalchemy_pinging(url, Work()) as pinging,
    ):
        for concurrency in CONCURRENCY:
            visits = [
                concurrent(operation, concurrency, seconds, lead=seconds / 5)
                for operation in (ours, trusting, pinging)
            ]
            mine, no_ping, ping = await in_turn(visits, pairs)
            name = f"{loop}, {concurrency} at a time"
            rows += [
                table.throughput(f"{name}: connmgr / no ping", mine, no_ping, at_least(0.97)),
                table.throughput(f"{name}: connmgr / pre-ping", mine, ping),
                table.throughput(f"{name}: no ping / pre-ping", no_ping, ping),
                _share(f"{name}: our share of that gain", mine, no_ping, ping),
            ]
    return rows


def _share(name: str, ours: list[Sample], no_ping: list[Sample], ping: list[Sample]) -> Row:
    """Return how much of what leaving out the ping brings is ours."""
    shares = [
        (mine.throughput - low.throughput) / (high.throughput - low.throughput)
        for mine, high, low in zip(ours, no_ping, ping, strict=True)
    ]
    return Row(name, Spread.of(shares), goal=at_least(0.95))


async def _far(loop: str, url: str, pairs: int, seconds: float) -> list[Row]:
    # Longer visits: a session takes several milliseconds, and all tasks want more than one turn.
    seconds *= 3
    rows = []
    async with (
        clients.connmgr(url, Work()) as ours,
        clients.sqlalchemy_pinging(url, Work()) as pinging,
    ):
        for concurrency in CONCURRENCY:
            visits = [
                concurrent(operation, concurrency, seconds, lead=seconds / 5) for operation in (ours, pinging)
            ]
            mine, ping = await in_turn(visits, pairs)
            name = f"{loop}, {concurrency} at a time, 1 ms each way"
            rows.append(table.throughput(f"{name}: connmgr / pre-ping", mine, ping, at_least(1.8)))
    return rows


async def _without_io(loop: str, url: str, pairs: int) -> Row:
    """How many microseconds more a checkout with its return takes than in the stock pool.

    CPU time: that is all there is without I/O, and who else is on the machine does not show in it.
    """
    async with (
        open_registry(url, f"{{size: {SIZE}, max_overflow: 0}}") as registry,
        open_engine(url, SIZE) as stock,
    ):
        engines = registry.engine(clients.NAME), stock
        for engine in engines:
            await fill(engine, SIZE)
        mine, theirs = await in_turn([_cycles(engine.pool) for engine in engines], pairs)
    more = [_microseconds(ours) - _microseconds(other) for ours, other in zip(mine, theirs, strict=True)]
    return Row(
        f"{loop}, checkout and return: more than stock, us of CPU",
        Spread.of(more),
        ours=f"{Spread.of([_microseconds(sample) for sample in mine]).median:.2f} us",
        theirs=f"{Spread.of([_microseconds(sample) for sample in theirs]).median:.2f} us",
        cpu=table.cpu(mine, theirs),
        goal=at_most(2.5),
    )


def _cycles(pool: Pool) -> Visit:
    def cycles() -> None:
        for _ in range(CYCLES):
            pool.connect().close()

    async def visit() -> Sample:
        begun, cpu = time.perf_counter(), time.process_time()
        await greenlet_spawn(cycles)
        return Sample(CYCLES, time.perf_counter() - begun, time.process_time() - cpu)

    return visit


def _microseconds(sample: Sample) -> float:
    return sample.cpu * 1e6


if __name__ == "__main__":
    main()

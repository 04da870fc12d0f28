"""HikariCP's "Welcome to the Jungle": fifty short requests at once, five connections, and slow connects.

A pool that opens a connection for each request makes them all wait for that; one that hands on what comes
back is done before the first connect is.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from benchmarks import clients, report, table
from benchmarks.clients import Client, Work
from benchmarks.far import FarServer, far_server
from benchmarks.harness import MIN_PAIRS, Sample, Spread, in_turn
from benchmarks.table import Goal, Row, at_most
from tests.rig.postgres import PostgresServer
from tests.rig.template import new_template
from tests.rig.wait import wait_until

REQUESTS = 50
CONNECT = 0.15
"""Seconds that a connect takes."""
WORK = Work("SELECT pg_sleep(0.002)", least=5, most=50)
CONTENDERS: dict[str, Client] = {
    "connmgr": clients.connmgr,
    "sqlalchemy": clients.sqlalchemy,
    "psycopg_pool": clients.psycopg_pool,
    "asyncpg": clients.asyncpg_pool,
}
"""By the name of the module that each needs."""


@dataclass(frozen=True, slots=True)
class Spike:
    """How one went, and how many connections were opened for it."""

    sample: Sample
    opened: int


def main() -> None:
    """Measure every contender and print how long it took, and how many connections."""
    options = report.arguments(__doc__, pairs=MIN_PAIRS).parse_args()
    if options.pairs < MIN_PAIRS:
        raise SystemExit(f"{options.pairs} rounds are too few to show a spread; take {MIN_PAIRS} or more")
    with (
        new_template() as template,
        PostgresServer(template) as server,
        far_server(server.port, opening=CONNECT) as far,
    ):
        rows = asyncio.run(_rows(server.url(port=far.port, sslmode="disable"), far, options.pairs))
    title = (
        f"{REQUESTS} requests of 2 ms at once, {WORK.least} connections open, a connect takes {CONNECT:g} s"
    )
    table.show(title, rows, packages=("psycopg", "psycopg-pool"), as_json=options.json)


async def _rows(url: str, far: FarServer, rounds: int) -> list[Row]:
    names = [name for name in CONTENDERS if find_spec(name)]
    for name in CONTENDERS.keys() - names:
        print(f"{name} is not installed, and left out", file=sys.stderr)
    results = await in_turn([_visit(CONTENDERS[name], url, far) for name in names], rounds)
    control = [spike.sample for spike in results[names.index("sqlalchemy")]]
    rows = []
    for name, spikes in zip(names, results, strict=True):
        is_ours = name == "connmgr"
        rows.append(_time(name, spikes, control, at_most(0.06) if is_ours else None))
        rows.append(_connections(name, spikes, at_most(2) if is_ours else None))
    return rows


def _time(name: str, spikes: Sequence[Spike], control: Sequence[Sample], goal: Goal | None) -> Row:
    samples = [spike.sample for spike in spikes]
    seconds = Spread.of([sample.seconds for sample in samples])
    return Row(
        f"{name}: seconds until all are served",
        seconds,
        ours=f"worst {seconds.high:.3f} s",
        theirs=f"{statistics.median(sample.seconds for sample in control):.3f} s",
        cpu=table.cpu(samples, control),
        goal=goal,
    )


def _connections(name: str, spikes: Sequence[Spike], goal: Goal | None) -> Row:
    opened = Spread.of([float(spike.opened) for spike in spikes])
    return Row(f"{name}: connections opened", opened, ours=f"worst {opened.high:g}", goal=goal)


def _visit(client: Client, url: str, far: FarServer) -> Callable[[], Awaitable[Spike]]:
    async def visit() -> Spike:
        async with client(url, WORK) as request:
            before = far.accepted
            begun, cpu = time.perf_counter(), time.process_time()
            async with asyncio.TaskGroup() as group:
                for _ in range(REQUESTS):
                    group.create_task(_served(request))
            sample = Sample(REQUESTS, time.perf_counter() - begun, time.process_time() - cpu)
            # Those that are still being opened count as well, and what they lead to.
            await wait_until(lambda: far.opening == 0, what="the last connects")
            return Spike(sample, far.accepted - before)

    return visit


async def _served(request: Callable[[], Awaitable[object]]) -> None:
    await request()


if __name__ == "__main__":
    main()

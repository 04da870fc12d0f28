"""A server falls silent behind a profile with a breaker: what its callers and their neighbours see.

The callers come at the same pace before and after. A neighbour's load runs beside them all the time.
"""

from __future__ import annotations

import asyncio
import math
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import report, table
from benchmarks.databases import SELECT, select
from benchmarks.harness import MIN_PAIRS, Sample, Spread, concurrent
from benchmarks.table import Row, at_least, at_most
from connmgr import CircuitOpen, PoolTimeout, Registry
from tests.rig.ports import LOOPBACK
from tests.rig.postgres import PostgresServer
from tests.rig.proxy import FaultProxy
from tests.rig.template import new_template
from tests.rig.wait import wait_until

NAME, OTHER = "orders", "customers"
TASKS, PACE, NEIGHBOURS = 200, 0.2, 10
INTERVALS = 5
PATIENCE = 30.0
PROFILE = """
url: {url}
pool: {{size: 10, max_overflow: 0, timeout: 500ms}}
timeouts: {{connect: 500ms, command: 500ms, close: 500ms}}
breaker: {{failures: 5, window: 10s, cooldown: 1s}}
"""


class Callers:
    """Asks once in `PACE` seconds, for each task; `refusals` are the seconds of each."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.refusals: list[float] = []
        self.refused = 0
        self.since = math.inf
        """Those that began after that are counted; who waited when the breaker opened is told later."""

    async def ask(self) -> None:
        """Ask for ever."""
        while True:
            begun = time.perf_counter()
            try:
                async with self._registry.session(NAME) as session:
                    await session.execute(SELECT)
            except CircuitOpen:
                self.refused += 1
                if begun > self.since:
                    self.refusals.append(time.perf_counter() - begun)
            except (PoolTimeout, OSError):
                pass
            await asyncio.sleep(PACE)


def main() -> None:
    """Measure and print."""
    parser = report.arguments(__doc__, pairs=MIN_PAIRS)
    parser.add_argument("--seconds", type=float, default=0.3, help="length of one visit to the neighbour")
    options = parser.parse_args()
    with new_template() as template, PostgresServer(template) as server:
        rows = asyncio.run(_rows(server, options.pairs, options.seconds))
    table.show("A silent server behind a breaker", rows, as_json=options.json)


async def _rows(server: PostgresServer, pairs: int, seconds: float) -> list[Row]:
    async with FaultProxy(LOOPBACK, server.port) as proxy:
        with _registry(server, proxy.port) as registry:
            async with registry:
                return await _measured(registry, proxy, pairs, seconds)


async def _measured(registry: Registry, proxy: FaultProxy, pairs: int, seconds: float) -> list[Row]:
    callers = Callers(registry)
    tasks = [asyncio.create_task(callers.ask()) for _ in range(TASKS)]
    neighbour = concurrent(select(registry, OTHER), NEIGHBOURS, seconds)
    before: list[Sample] = []
    after: list[Sample] = []
    for _ in range(pairs):
        before.append(await neighbour())
        proxy.blackhole()
        await _opened(callers)
        after.append(await neighbour())
        callers.since = math.inf
        proxy.heal()
        await _closed(registry)
    figures = await _probes(registry, proxy, callers)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    refused = callers.refusals
    return [
        Row("a refusal, ms", Spread.of([each * 1000 for each in refused]), goal=at_most(1)),
        Row("the slowest of a hundred refusals, ms", statistics.quantiles(refused, n=100)[-1] * 1000),
        Row(
            "the slowest refusal, ms", max(refused) * 1000, ours=f"{len(refused):,} refused", goal=at_most(5)
        ),
        figures,
        table.throughput("the neighbour's load, after / before", after, before, at_least(0.95)),
    ]


async def _opened(callers: Callers) -> None:
    """Wait until every task was refused."""
    count = callers.refused
    await wait_until(lambda: callers.refused >= count + TASKS, PATIENCE)
    callers.since = time.perf_counter()


async def _closed(registry: Registry) -> None:
    created = registry.stats(NAME).created
    await wait_until(lambda: registry.stats(NAME).created > created, PATIENCE)
    await wait_until(lambda: not registry.stats(NAME).waiting, PATIENCE)


async def _probes(registry: Registry, proxy: FaultProxy, callers: Callers) -> Row:
    """Count the connects of some intervals while the breaker is open: from one that failed to the next."""
    proxy.blackhole()
    await _opened(callers)
    await _failure(registry)
    counts = []
    for _ in range(INTERVALS):
        accepted = proxy.accepted
        await _failure(registry)
        counts.append(float(proxy.accepted - accepted))
    return Row("connects of an interval", Spread.of(counts), ours=f"{TASKS} tasks", goal=at_most(1))


async def _failure(registry: Registry) -> None:
    failed = registry.stats(NAME).failed
    await wait_until(lambda: registry.stats(NAME).failed > failed, PATIENCE)


@contextmanager
def _registry(server: PostgresServer, port: int) -> Iterator[Registry]:
    with TemporaryDirectory() as directory:
        Path(directory, f"{NAME}.yaml").write_text(
            PROFILE.format(url=server.url(port=port, sslmode="disable"))
        )
        Path(directory, f"{OTHER}.yaml").write_text(f"url: {server.url()}\n")
        yield Registry.load(directory)


if __name__ == "__main__":
    main()

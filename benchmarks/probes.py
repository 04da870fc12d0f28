"""Ten thousand requests to /readyz by two hundred clients, beside an application whose pool is always full.

Application and probes share one process, as they do where the application mounts `connmgr.web`; the clients
are another one. In the second half a database of the group is a black hole. Each client asks, waits for the
answer and half a second more: it is the number of clients that is large, not what one of them asks for.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn
from sqlalchemy import text

from benchmarks import report, table
from benchmarks.harness import Sample
from benchmarks.table import Row, at_least, at_most
from connmgr import Registry
from connmgr.web import health_app
from tests.rig.ports import LOOPBACK, free_port
from tests.rig.postgres import PostgresServer
from tests.rig.proxy import FaultProxy
from tests.rig.template import new_template
from tests.rig.wait import wait_until

CLIENTS, EACH, PAUSE = 200, 10, 0.5
PAIRS = 5
USERS, POOL, WORK = 20, 10, text("SELECT pg_sleep(0.02)")
TTL = 1.0
PROFILE = """
url: {url}
pool: {{size: 10, max_overflow: 0, timeout: 10s}}
health: {{ttl: 1s, timeout: 1s}}
"""


def main() -> None:
    """Measure and print; with `--client`, be the clients."""
    if sys.argv[1:2] == ["--client"]:
        print(json.dumps(asyncio.run(_clients(int(sys.argv[2])))))
        return
    parser = report.arguments(__doc__, pairs=PAIRS)
    options = parser.parse_args()
    with new_template() as template, PostgresServer(template) as server:
        rows = asyncio.run(_rows(server, options.pairs))
    table.show(f"/readyz, {CLIENTS} clients", rows, as_json=options.json)


async def _rows(server: PostgresServer, pairs: int) -> list[Row]:
    async with FaultProxy(LOOPBACK, server.port) as proxy:
        with _loaded(server, proxy.port) as registry:
            async with registry:
                return await _measured(registry, server, proxy, pairs)


@contextmanager
def _loaded(server: PostgresServer, other_port: int) -> Iterator[Registry]:
    with TemporaryDirectory() as directory:
        for name, port in {"orders": server.port, "away": other_port}.items():
            Path(directory, f"{name}.yaml").write_text(
                PROFILE.format(url=server.url(port=port, sslmode="disable"))
            )
        Path(directory, "_registry.yaml").write_text("groups: {readiness: [orders, away]}\n")
        yield Registry.load(directory)


async def _measured(registry: Registry, server: PostgresServer, proxy: FaultProxy, pairs: int) -> list[Row]:
    port = free_port()
    config = uvicorn.Config(health_app(registry), LOOPBACK, port, log_level="critical", lifespan="off")
    web = uvicorn.Server(config)
    serving = asyncio.create_task(web.serve())
    await wait_until(lambda: web.started)
    users = Users(registry)
    # An orchestrator asks all the time; after a break the first answers would wait for a check.
    steady = asyncio.create_task(_steady(port))
    try:
        rows = await _phase("full pool", users, port, server, pairs)
        accepted, begun = proxy.accepted, time.monotonic()
        proxy.blackhole()
        rows += await _phase("and a black hole", users, port, server, pairs)
        allowed = (time.monotonic() - begun) / TTL
        tries = Row("connects to the black hole, per check allowed", (proxy.accepted - accepted) / allowed)
        return [*rows, tries, Row("errors of the application", users.errors, goal=at_most(0))]
    finally:
        users.stop()
        steady.cancel()
        web.should_exit = True
        await serving


async def _steady(port: int) -> None:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    while True:
        await _ask(reader, writer)
        await asyncio.sleep(PAUSE)


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
    """Ask once, and return the status."""
    writer.write(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    await reader.readexactly(int(head.partition("content-length: ")[2].partition("\r\n")[0]))
    return head.split()[1]


class Users:
    """The application's users: more than its pool has connections, so that one is always waited for."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.errors = 0
        self.served = 0
        self._tasks = [asyncio.create_task(self._use()) for _ in range(USERS)]

    async def _use(self) -> None:
        while True:
            try:
                async with self._registry.session("orders") as session:
                    await session.execute(WORK)
                self.served += 1
            except Exception:  # noqa: BLE001 - it is counted, whatever it is
                self.errors += 1

    def stop(self) -> None:
        """End them."""
        for task in self._tasks:
            task.cancel()


async def _phase(name: str, users: Users, port: int, server: PostgresServer, pairs: int) -> list[Row]:
    alone: list[Sample] = []
    beside: list[Sample] = []
    latencies: list[float] = []
    statuses: Counter[str] = Counter()
    most = 0
    for _ in range(pairs):
        alone.append(await _served(users, asyncio.sleep(EACH * PAUSE)))
        client = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.probes", "--client", str(port)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert client.stdout is not None
        await client.stdout.readline()  # it is ready
        answers: list[tuple[bytes, bytes]] = []
        beside.append(await _served(users, client.communicate(b"go\n"), answers))
        told = json.loads(answers[0][0])
        latencies += told["seconds"]
        statuses.update(told["statuses"])
        most = max(most, await asyncio.to_thread(server.backends, "connmgr"))
    quantiles = statistics.quantiles(latencies, n=100)
    answered = ", ".join(f"{count:,} x {status}" for status, count in sorted(statuses.items()))
    return [
        Row(f"{name}: p50 of {len(latencies):,} requests, ms", quantiles[49] * 1000, ours=answered),
        Row(f"{name}: p99, ms", quantiles[98] * 1000, goal=at_most(20)),
        table.throughput(f"{name}: the load, with probes / without", beside, alone, at_least(0.97)),
        Row(f"{name}: connections of monitors, for 2 databases", most - POOL, goal=at_most(2)),
    ]


async def _served(users: Users, work: Any, answers: list[Any] | None = None) -> Sample:
    before, begun, cpu = users.served, time.perf_counter(), time.process_time()
    answer = await work
    seconds = time.perf_counter() - begun
    if answers is not None:
        answers.append(answer)
    return Sample(users.served - before, seconds, time.process_time() - cpu)


async def _clients(port: int) -> dict[str, object]:
    """Connect, wait for the word, and ask; return the seconds of each answer, and the statuses."""
    seconds: list[float] = []
    statuses: Counter[str] = Counter()
    lines = [await asyncio.open_connection(LOOPBACK, port) for _ in range(CLIENTS)]
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)

    async def ask(number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(PAUSE * number / CLIENTS)
        for _ in range(EACH):
            begun = time.perf_counter()
            statuses[await _ask(reader, writer)] += 1
            seconds.append(time.perf_counter() - begun)
            await asyncio.sleep(PAUSE)
        writer.close()

    await asyncio.gather(*(ask(number, *line) for number, line in enumerate(lines)))
    return {"seconds": seconds, "statuses": statuses}


if __name__ == "__main__":
    main()

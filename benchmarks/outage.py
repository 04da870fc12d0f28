"""What the load sees of an outage: lost packets, forgotten connections, a restarted server.

Ours with the settings that a contract of 2 s wants, ours with no settings but `pool.timeout`, and an engine
of SQLAlchemy's own with what is usually advised. Needs nft, and a kernel that gives it a network of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from benchmarks import faults, table
from benchmarks.clients import NAME, open_registry
from benchmarks.faults import CONTRACT, Figures, Session
from benchmarks.harness import Spread
from benchmarks.table import Goal, Row, at_most
from tests.rig import namespace
from tests.rig.partition import Partition
from tests.rig.postgres import PostgresServer
from tests.rig.template import new_template

FEWEST = 2
"""Quartiles need as many rounds."""
SIZE = 5
WORKERS = 20
RESTART_CONTRACT = 5.0
# A statement that is under way when the network goes is bounded by the kernel alone.
KERNEL = "1500"
OURS = "connmgr"

Client = Callable[[str, float, int], AbstractAsyncContextManager[Session]]

DOWN_GOALS = {
    "worst answer, s": at_most(2.05),
    "answers later than 2.05 s": at_most(0),
    "first answer after it, s": at_most(0.1),
}
STALE_GOALS = {"failed requests": at_most(0), "first good answer, s": at_most(0.6)}
RESTART_GOALS = {
    "failed statements": at_most(WORKERS),
    "failed checkouts": at_most(0),
    "all served after its return, s": at_most(0.1),
}


@dataclass(frozen=True, slots=True)
class Situation:
    """A fault, the pool that meets it, and the goals of ours by the names of the figures."""

    name: str
    fault: Callable[[Session], Awaitable[Figures]]
    timeout: float
    size: int
    goals: dict[str, Goal]


def main() -> None:
    """Break a server in each way, for each client, and print what the load saw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help=f"outages of each kind, {FEWEST} or more")
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    options = parser.parse_args()
    if options.rounds < FEWEST:
        raise SystemExit(f"{options.rounds} rounds are too few to show a spread; take {FEWEST} or more")
    if not namespace.is_private():
        _again_in_a_network_of_its_own()
    with Partition() as partition, new_template() as template, PostgresServer(template) as server:
        rows = asyncio.run(_rows(server, partition, options.rounds))
    table.show(f"An outage, as {options.rounds} rounds saw it", rows, as_json=options.json)


def _again_in_a_network_of_its_own() -> None:
    try:
        command = [*namespace.prefix(), sys.executable, *sys.orig_argv[1:]]
    except namespace.NamespaceUnavailable as missing:
        raise SystemExit(str(missing)) from None
    os.execvpe(command[0], command, namespace.environment())


async def _rows(server: PostgresServer, partition: Partition, rounds: int) -> list[Row]:
    down = partial(faults.network_down, server=server, partition=partition)
    stale = partial(faults.stale_connections, server=server, partition=partition)
    restart = partial(faults.restart, server=server, workers=WORKERS)
    situations = [
        Situation("no network", down, CONTRACT, SIZE, DOWN_GOALS),
        Situation("five stale", stale, CONTRACT, SIZE, STALE_GOALS),
        Situation("restart", restart, RESTART_CONTRACT, WORKERS, RESTART_GOALS),
    ]
    return [row for situation in situations for row in await _rows_of(situation, server.url(), rounds)]


async def _rows_of(situation: Situation, url: str, rounds: int) -> list[Row]:
    """Let every client see the situation in each round; a row for each figure of each client."""
    seen: dict[str, list[Figures]] = {name: [] for name in CLIENTS}
    for _ in range(rounds):
        for name, client in CLIENTS.items():
            async with client(url, situation.timeout, situation.size) as session:
                seen[name].append(await situation.fault(session))
    rows = [
        _row(f"{situation.name}, {name}: {figure}", [each[figure] for each in figures])
        for name, figures in seen.items()
        for figure in figures[0]
    ]
    # A promise about an outage holds in every round or not at all.
    goals = [
        Row(f"{situation.name}, worst round: {figure}", max(each[figure] for each in seen[OURS]), goal=goal)
        for figure, goal in situation.goals.items()
    ]
    return rows + goals


def _row(name: str, values: list[float]) -> Row:
    spread = Spread.of(values)
    return Row(name, spread, ours=f"worst {spread.high:.3f}")


@asynccontextmanager
async def _connmgr(url: str, timeout: float, size: int, *, query: str = "") -> AsyncIterator[Session]:
    pool = f"{{size: {size}, max_overflow: 0, timeout: {timeout}}}"
    async with open_registry(url + query, pool) as registry:
        yield lambda: registry.session(NAME)


@asynccontextmanager
async def _sqlalchemy(url: str, timeout: float, size: int) -> AsyncIterator[Session]:
    engine = create_async_engine(
        url.replace("://", "+asyncpg://", 1),
        pool_size=size,
        max_overflow=0,
        pool_timeout=timeout,
        pool_pre_ping=True,
        connect_args={"timeout": CONTRACT, "command_timeout": CONTRACT},
    )
    try:
        yield async_sessionmaker(engine, expire_on_commit=False)
    finally:
        await engine.dispose()


CLIENTS: dict[str, Client] = {
    OURS: partial(_connmgr, query=f"?tcp_user_timeout={KERNEL}"),
    "connmgr by default": _connmgr,
    "sqlalchemy": _sqlalchemy,
}


if __name__ == "__main__":
    main()

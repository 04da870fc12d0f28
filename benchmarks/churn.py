"""Many checkouts under churn, cancellation and killed backends: what is left over when it is quiet again.

Bursts of few and of many tasks open and close connections beyond the pool's size; some sessions are
cancelled at any moment, and every now and then the server ends one backend.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import gc
import os
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
from sqlalchemy import text

from benchmarks import table
from benchmarks.clients import NAME, fill, open_registry
from benchmarks.table import Row, at_least, at_most
from connmgr import PoolStats, Registry
from tests.rig.postgres import PostgresServer
from tests.rig.template import new_template
from tests.rig.wait import wait_until

SIZE = 8
POOL = f"{{size: {SIZE}, max_overflow: 4, max_lifetime: 10s}}"
BURST = 500
"""Sessions in a burst."""
TASKS = (2, 8, 24)
"""How many tasks share a burst."""
CANCELLED = 0.05
"""The share of sessions that are cancelled, at a moment within `BEFORE_CANCEL` seconds."""
BEFORE_CANCEL = 0.003
BETWEEN_KILLS = 0.1
PATIENCE = 30.0
SELECT = text("SELECT 1")
APPLICATION = "churn"
KILL = f"""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = '{APPLICATION}' ORDER BY random() LIMIT 1
"""
MEBIBYTE = 2**20


@dataclass(slots=True)
class Churn:
    """One run: its pool and its source of chance, and how its sessions ended."""

    registry: Registry
    server: PostgresServer
    chance: random.Random
    outcomes: Counter[str] = field(default_factory=Counter)
    kills: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """What this process holds; `blocks` are Python's own of memory."""

    descriptors: int
    memory: int
    blocks: int


def main() -> None:
    """Churn once and print what is left over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkouts", type=int, default=100_000, help="how many sessions")
    parser.add_argument("--warm-up", type=int, default=50_000, help="how many sessions before those")
    parser.add_argument("--seed", type=int, default=1, help="of what is left to chance")
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    options = parser.parse_args()
    with new_template() as template, PostgresServer(template) as server:
        chance = random.Random(options.seed)
        rows = asyncio.run(_rows(server, options.warm_up, options.checkouts, chance))
    table.show("Churn, cancellation and kills", rows, as_json=options.json)


async def _rows(server: PostgresServer, warm_up: int, sessions: int, chance: random.Random) -> list[Row]:
    url = server.url(sslmode="disable", application_name=APPLICATION)
    async with open_registry(url, POOL) as registry:
        churn = Churn(registry, server, chance)
        async with _killer(churn):
            # Until the allocator has what the busiest moment takes: that comes by chance, and late.
            await _sessions(churn, warm_up)
        before = await _quiet(churn)
        async with _killer(churn):
            await _sessions(churn, sessions)
        after = await _quiet(churn)
        stats = registry.stats(NAME)
        amiss = _amiss(stats, len(registry.holders(NAME)))
    return [
        *(Row(f"sessions: {outcome}", count) for outcome, count in churn.outcomes.most_common()),
        Row("backends killed", churn.kills, goal=at_least(1)),
        Row("checkouts", stats.checkouts),
        Row("connections opened", stats.created, ours=_causes(stats)),
        Row("counters that do not balance", len(amiss), ours="; ".join(amiss), goal=at_most(0)),
        Row("descriptors more", after.descriptors - before.descriptors, goal=at_most(0)),
        Row("blocks of memory more", after.blocks - before.blocks),
        Row("memory more, MiB", (after.memory - before.memory) / MEBIBYTE, goal=at_most(1)),
    ]


@asynccontextmanager
async def _killer(churn: Churn) -> AsyncIterator[None]:
    """End one of the pool's backends every `BETWEEN_KILLS` seconds, in use or idle."""
    connection = await asyncpg.connect(churn.server.url(sslmode="disable"))

    async def kill() -> None:
        while True:
            churn.kills += bool(await connection.fetchval(KILL))
            await asyncio.sleep(BETWEEN_KILLS)

    task = asyncio.create_task(kill())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
        await connection.close()
    if not task.cancelled():
        task.result()


async def _sessions(churn: Churn, count: int) -> None:
    """Use `count` sessions, burst after burst."""
    while count > 0:
        left = iter(range(min(count, BURST)))
        async with asyncio.TaskGroup() as group:
            for _ in range(churn.chance.choice(TASKS)):
                group.create_task(_take_turns(churn, left))
        count -= BURST


async def _take_turns(churn: Churn, left: Iterator[int]) -> None:
    for _ in left:
        task = asyncio.create_task(_use(churn.registry))
        if churn.chance.random() < CANCELLED:
            asyncio.get_running_loop().call_later(churn.chance.random() * BEFORE_CANCEL, task.cancel)
        await asyncio.wait({task})
        churn.outcomes[_outcome(task)] += 1


async def _use(registry: Registry) -> None:
    async with registry.session(NAME) as session:
        await session.execute(SELECT)


def _outcome(task: asyncio.Task[None]) -> str:
    if task.cancelled():
        return "cancelled"
    error = task.exception()
    return "answered" if error is None else type(error).__name__


async def _quiet(churn: Churn) -> Usage:
    """Wait until nobody uses the pool, have all `SIZE` connections open, and measure the process."""
    registry = churn.registry
    await wait_until(lambda: _is_quiet(registry.stats(NAME)), PATIENCE, what="the pool to be quiet")
    await fill(registry.engine(NAME), SIZE)

    async def is_settled() -> bool:
        open_now = await asyncio.to_thread(churn.server.backends, APPLICATION)
        return open_now == registry.stats(NAME).open == SIZE

    await wait_until(is_settled, PATIENCE, what=f"{SIZE} connections and as many backends")
    gc.collect()
    return _usage()


def _usage() -> Usage:
    """Ask the kernel (Linux; elsewhere there is no such file).

    Before that, glibc gives back what was freed and it keeps for later: that grows with the number of errors
    and tells nothing about what is held.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    resident = int(Path("/proc/self/statm").read_text().split()[1])
    return Usage(
        len(list(Path("/proc/self/fd").iterdir())),
        resident * os.sysconf("SC_PAGE_SIZE"),
        sys.getallocatedblocks(),
    )


def _is_quiet(stats: PoolStats) -> bool:
    return stats.in_use == stats.connecting == stats.waiting == 0


def _amiss(stats: PoolStats, holders: int) -> list[str]:
    """Say which counters of a quiet pool contradict each other."""
    balance = {
        "in use": (stats.in_use, 0),
        "waiting": (stats.waiting, 0),
        "connecting": (stats.connecting, 0),
        "excess": (stats.excess, 0),
        "holders": (holders, 0),
        "timeouts": (stats.timeouts, 0),
        "open": (stats.open, stats.created - stats.closed),
        "uses": (stats.use.count, stats.checkouts),
        "waits": (stats.wait.count, stats.checkouts),
        "creations": (stats.create.count, stats.created),
    }
    return [f"{name} {found}, not {due}" for name, (found, due) in balance.items() if found != due]


def _causes(stats: PoolStats) -> str:
    causes = ", ".join(f"{count:,} {cause}" for cause, count in sorted(stats.closed_by.items()))
    return f"closed: {causes}"


if __name__ == "__main__":
    main()

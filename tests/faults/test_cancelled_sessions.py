"""Sessions that are cancelled at any point return what they held, and the pool goes on working."""

from __future__ import annotations

import asyncio
import gc
import logging
import random

from sqlalchemy import text

from tests.faults.measure import left
from tests.rig.wait import wait_until

SEED = 2
SESSIONS = 1_000
BATCH = 50
LONGEST = 0.12  # seconds until a session of a batch is cancelled at the latest
POOL = {"size": 3, "max_overflow": 2, "timeout": "30s"}
STEPS = ("query", "query", "slow query", "write", "commit", "rollback", "idle")


async def work(registry, steps: list[str]) -> None:
    """Take random steps in one session; what it writes never matters, only that it ends."""
    async with registry.session("db") as session:
        for step in steps:
            match step:
                case "query":
                    await session.execute(text("SELECT 1"))
                case "slow query":
                    await session.execute(text("SELECT pg_sleep(0.02)"))
                case "write":
                    await session.execute(text("INSERT INTO written VALUES (1)"))
                case "commit":
                    await session.commit()
                case "rollback":
                    await session.rollback()
                case "idle":
                    await asyncio.sleep(0.01)  # idle in a transaction


async def cancel_a_batch(registry, chance: random.Random) -> int:
    """Run a batch of sessions, cancel each at a random point, and return how many were still at work."""
    loop = asyncio.get_running_loop()
    tasks = []
    for _ in range(BATCH):
        task = asyncio.create_task(work(registry, chance.choices(STEPS, k=12)))
        loop.call_later(chance.uniform(0, LONGEST), task.cancel)
        tasks.append(task)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    cancelled = [result for result in results if isinstance(result, asyncio.CancelledError)]
    assert [result for result in results if result is not None and result not in cancelled] == []
    return len(cancelled)


async def test_a_thousand_cancelled_sessions_leave_nothing_and_the_pool_works(own_postgres, load, caplog):
    caplog.set_level(logging.INFO, "sqlalchemy.pool")
    own_postgres.sql("CREATE TABLE written (n int); ALTER TABLE written OWNER TO app", dbname="orders")
    chance = random.Random(SEED)
    before = left()
    async with load(db={"url": own_postgres.url(), "pool": POOL}) as registry:
        cancelled = 0
        for _ in range(SESSIONS // BATCH):
            cancelled += await cancel_a_batch(registry, chance)
            assert own_postgres.backends() <= POOL["size"] + POOL["max_overflow"] + BATCH
        await wait_until(lambda: registry.stats("db").connecting == 0, what="the last connect to end")
        stats = registry.stats("db")

        assert cancelled >= SESSIONS * 0.9
        assert (stats.in_use, stats.waiting, stats.connecting, stats.timeouts) == (0, 0, 0, 0)
        assert stats.created - stats.closed == stats.open <= POOL["size"]
        await wait_until(lambda: own_postgres.backends() == stats.open, what="backends to match the pool")
        await asyncio.gather(*(work(registry, ["query", "idle", "write", "commit"]) for _ in range(20)))
        report = await registry.health("db")
        assert (report.reason, report.pool.in_use) == ("ok", 0)
        assert own_postgres.backends() == registry.stats("db").open + 1

    await wait_until(lambda: own_postgres.backends() == 0, what="the last backend to be gone")
    await wait_until(lambda: left() == before, what="sockets, threads and tasks to be as before")
    gc.collect()  # what was dropped and not closed warns now
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []

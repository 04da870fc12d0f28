"""A server that is killed under load: typed errors, nothing leaked, and everybody comes back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from sqlalchemy import text

from connmgr.engine.failures import classify
from connmgr.failure import FailureKind
from tests.faults.measure import left
from tests.rig.wait import wait_until

WORKERS = 20
POOL = {"size": 5, "max_overflow": 15, "timeout": "20s"}
EXPECTED = {FailureKind.CONNECTION_LOST, FailureKind.SHUTTING_DOWN}


@dataclass
class Worker:
    """Writes and reads until told to stop; remembers what it met."""

    done: int = 0
    errors: list[Exception] = field(default_factory=list)

    async def run(self, registry, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                async with registry.begin("db") as session:
                    await session.execute(text("INSERT INTO written VALUES (1)"))
                    await session.execute(text("SELECT count(*) FROM written"))
            except Exception as error:  # noqa: BLE001 - which ones they are is what the test asserts
                self.errors.append(error)
            else:
                self.done += 1


@pytest.mark.parametrize("end", ["kill", "stop"])
async def test_only_statements_in_flight_fail_when_the_server_is_restarted(own_postgres, load, end):
    """Whoever asks for a connection while the server is away waits, and has one when it is back."""
    own_postgres.sql("CREATE TABLE written (n int); ALTER TABLE written OWNER TO app", dbname="orders")
    workers, stop, before = [Worker() for _ in range(WORKERS)], asyncio.Event(), left()
    async with load(db={"url": own_postgres.url(), "pool": POOL}) as registry:
        tasks = [asyncio.create_task(worker.run(registry, stop)) for worker in workers]
        await wait_until(lambda: all(worker.done for worker in workers), what="every worker at work")
        getattr(own_postgres, end)()
        await wait_until(lambda: registry.stats("db").waiting == WORKERS, what="every worker to wait")

        own_postgres.start()
        done = [worker.done for worker in workers]
        await wait_until(
            lambda: all(worker.done > count for worker, count in zip(workers, done, strict=True)),
            what="every worker to recover",
        )

        stop.set()
        await asyncio.gather(*tasks)
        await wait_until(lambda: registry.stats("db").connecting == 0, what="the last connect to end")
        stats = registry.stats("db")
        assert (stats.in_use, stats.waiting) == (0, 0)
        assert stats.created - stats.closed == stats.open
        await wait_until(lambda: own_postgres.backends() == stats.open, what="backends to match the pool")

    errors = [error for worker in workers for error in worker.errors]
    assert len(errors) <= WORKERS
    assert {classify(error).kind for error in errors} <= EXPECTED
    assert all("connmgr: profile 'db', pool: " in error.__notes__[-1] for error in errors)
    await wait_until(lambda: own_postgres.backends() == 0, what="the last backend to be gone")
    await wait_until(lambda: left() == before, what="sockets, threads and tasks to be as before")


async def test_idle_connections_that_died_with_the_server_cost_no_request(own_postgres, load):
    async with load(db={"url": own_postgres.url(), "pool": POOL}) as registry:
        before = left()
        await asyncio.gather(*(_select(registry) for _ in range(5)))
        own_postgres.kill()
        own_postgres.start()
        await wait_until(lambda: left() == before, what="the ends of the connections to arrive here")

        answers = await asyncio.gather(*(_select(registry) for _ in range(10)))

    assert answers == [1] * 10


async def _select(registry) -> int:
    async with registry.session("db") as session:
        return await session.scalar(text("SELECT 1"))

"""Three ways to break a database under a load, and what the load saw of it, in figures."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tests.rig.partition import Partition
from tests.rig.postgres import PostgresServer
from tests.rig.timetable import Answer, answer, every, first_after, worst
from tests.rig.wait import wait_until

Session = Callable[[], AbstractAsyncContextManager[AsyncSession]]
Figures = dict[str, float]

CONTRACT = 2.0
LATE = 2.05
INTERVAL = 0.5
DOWN = 8.0
STALE = 5
TRUSTED = 0.6
"""Seconds, longer than any pool here trusts a connection without a test."""
PAUSE = 0.05
"""Seconds until a worker that met an error asks again."""
SELECT = text("SELECT 1")


class CheckoutFailed(Exception):
    """The pool gave no connection. What fails otherwise failed on one that it had handed out."""


@dataclass(slots=True)
class Worker:
    """One who asks again and again, and remembers every answer."""

    answers: list[Answer] = field(default_factory=list)

    async def run(self, session: Session, stop: asyncio.Event) -> None:
        """Ask until told to stop."""
        while not stop.is_set():
            got = await answer(lambda: request(session))
            self.answers.append(got)
            if got.error is not None:
                await asyncio.sleep(PAUSE)

    def served_after(self, moment: float) -> float | None:
        """When the first good answer came after `moment`, or None as long as there is none."""
        return next((got.ended for got in self.answers if got.ended > moment and got.error is None), None)


async def request(session: Session) -> None:
    """Check a connection out, ask it one thing, and let the session roll back.

    Raises:
        CheckoutFailed: none could be had.
    """
    async with session() as opened:
        try:
            await opened.connection()
        except Exception as error:
            raise CheckoutFailed from error
        await opened.execute(SELECT)


async def fill(session: Session, count: int) -> None:
    """Have `count` connections open at once, and leave them to the pool."""
    all_open = asyncio.Barrier(count)

    async def hold() -> None:
        async with session() as opened:
            await opened.execute(SELECT)
            await all_open.wait()

    await asyncio.gather(*(hold() for _ in range(count)))


async def network_down(session: Session, server: PostgresServer, partition: Partition) -> Figures:
    """HikariCP's "database down": a request every 0.5 s, and 8 s in which all packets are lost.

    They begin to be lost at any moment between two requests: whether the next one finds a connection that
    is still trusted without a test depends on that moment.
    """
    await fill(session, STALE)
    async with every(INTERVAL, lambda: request(session)) as answers:
        await asyncio.sleep(2 + random.uniform(0, INTERVAL))
        partition.drop(server.port)
        await asyncio.sleep(DOWN)
        partition.heal()
        healed = time.monotonic()
        await asyncio.sleep(2)
    first = first_after(healed, answers)
    good = min(got.ended for got in answers if got.begun >= first.begun and got.error is None)
    return {
        "worst answer, s": worst(answers),
        f"answers later than {LATE:g} s": sum(got.took > LATE for got in answers),
        "failed requests": sum(got.error is not None for got in answers),
        "first answer after it, s": good - first.begun,
    }


async def stale_connections(session: Session, server: PostgresServer, partition: Partition) -> Figures:
    """Five idle connections that a firewall forgot, a healthy server, and ten requests one by one."""
    await fill(session, STALE)
    await asyncio.sleep(TRUSTED)
    partition.drop_open(server.port)
    answers = [await answer(lambda: request(session)) for _ in range(2 * STALE)]
    partition.heal()
    good = min(got.ended for got in answers if got.error is None)
    return {
        "failed requests": sum(got.error is not None for got in answers),
        "first good answer, s": good - answers[0].begun,
        "worst answer, s": worst(answers),
    }


async def restart(session: Session, server: PostgresServer, workers: int) -> Figures:
    """A server that is stopped at once and started again under workers that never rest."""
    stop, crowd = asyncio.Event(), [Worker() for _ in range(workers)]
    async with asyncio.TaskGroup() as group:
        for worker in crowd:
            group.create_task(worker.run(session, stop))
        await _all(lambda worker: len(worker.answers) > 10, crowd)
        begun = time.monotonic()
        await asyncio.to_thread(server.stop, "immediate")
        await asyncio.to_thread(server.start)
        ready = time.monotonic()
        await _all(lambda worker: worker.served_after(ready) is not None, crowd)
        stop.set()
    errors = [got.error for worker in crowd for got in worker.answers if got.error is not None]
    checkouts = sum(isinstance(error, CheckoutFailed) for error in errors)
    served = [worker.served_after(ready) or ready for worker in crowd]
    return {
        "failed statements": len(errors) - checkouts,
        "failed checkouts": checkouts,
        "all served after its return, s": max(served) - ready,
        "server away, s": ready - begun,
    }


async def _all(fact: Callable[[Worker], bool], crowd: list[Worker]) -> None:
    await wait_until(lambda: all(fact(worker) for worker in crowd), 30, what="all workers to be served")

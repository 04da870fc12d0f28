"""Callers that wait for a connection are served in the order in which they came, and none is forgotten."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable

import pytest

from connmgr import PoolTimeout, Registry
from connmgr.errors import TooManyWaiting
from tests.rig.pool import PID, Lab
from tests.rig.postgres import PostgresServer
from tests.rig.wait import wait_until

Load = Callable[..., Registry]
NewLab = Callable[..., Lab]


def profile(server: PostgresServer, **pool: object) -> dict[str, object]:
    sizes = {"size": 1, "max_overflow": 0, "timeout": "20s", **pool}
    return {"url": server.url(sslmode="disable"), "pool": sizes}


@pytest.fixture
async def one(load: Load, postgres: PostgresServer) -> AsyncIterator[Registry]:
    """An open registry whose profile `orders` has a single connection."""
    async with load(orders=profile(postgres)) as registry:
        yield registry


class Queue:
    """Callers that wait, and the order in which they are served."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.served: list[object] = []

    async def ask(self, who: object) -> None:
        async with self.registry.connect("orders") as connection:
            self.served.append(who)
            await connection.execute(PID)

    async def join(self, *callers: object) -> list[asyncio.Task[None]]:
        already = self.registry.stats("orders").waiting
        tasks = [asyncio.create_task(self.ask(who)) for who in callers]
        await wait_until(lambda: self.registry.stats("orders").waiting == already + len(callers))
        return tasks


async def test_those_who_wait_are_served_in_the_order_in_which_they_came(one: Registry) -> None:
    queue = Queue(one)
    async with one.connect("orders"):
        waiters = await queue.join(*range(10))

    await asyncio.gather(*waiters)

    assert queue.served == list(range(10))
    assert one.stats("orders").created == 1


async def test_whoever_brings_a_connection_back_and_asks_again_goes_to_the_end(one: Registry) -> None:
    queue = Queue(one)
    async with one.connect("orders"):
        waiters = await queue.join("first", "second")
    await queue.ask("again")

    await asyncio.gather(*waiters)

    assert queue.served == ["first", "second", "again"]


async def test_tasks_that_share_one_connection_get_it_equally_often(one: Registry) -> None:
    turns: Counter[int] = Counter()

    async def work(task: int) -> None:
        while sum(turns.values()) < 200:
            async with one.connect("orders"):
                turns[task] += 1
                await asyncio.sleep(0)

    await asyncio.gather(*(work(task) for task in range(4)))

    assert max(turns.values()) - min(turns.values()) <= 1


async def test_a_newcomer_does_not_overtake_one_whose_connection_is_being_tested(new_lab: NewLab) -> None:
    lab = new_lab(size=2, max_overflow=0, use_lifo=False)
    served: list[str] = []
    await lab.fill(2)
    lab.clock.advance(60)
    lab.pool.idle[1].alive_at = lab.clock.now

    async def ask(who: str) -> None:
        async with lab.engine.connect():
            served.append(who)

    await asyncio.gather(ask("first"), ask("newcomer"))

    assert served == ["first", "newcomer"]
    assert (lab.stats.liveness_pinged, lab.stats.created) == (1, 2)


async def test_everybody_gets_a_timeout_of_their_own(load: Load, postgres: PostgresServer) -> None:
    async with load(orders=profile(postgres, timeout="200ms")) as registry:
        async with registry.connect("orders"):
            started = time.monotonic()
            queue = Queue(registry)
            errors = await asyncio.gather(*(queue.ask(n) for n in range(3)), return_exceptions=True)
            waited = time.monotonic() - started
            stats = registry.stats("orders")
        await queue.ask("later")

    assert all(isinstance(error, PoolTimeout) for error in errors)
    assert 0.2 <= waited < 5
    assert (stats.timeouts, stats.waiting, stats.in_use) == (3, 0, 1)
    assert queue.served == ["later"]


async def test_a_caller_may_wait_for_less_than_the_pool_would_let_it(one: Registry) -> None:
    queue = Queue(one)
    async with one.connect("orders"):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await queue.ask("impatient")
        stats = one.stats("orders")
    await queue.ask("later")

    assert (stats.waiting, stats.timeouts) == (0, 0)
    assert queue.served == ["later"]


async def test_a_waiter_that_is_cancelled_loses_its_place_and_the_others_keep_theirs(one: Registry) -> None:
    queue = Queue(one)
    async with one.connect("orders"):
        waiters = await queue.join(*range(4))
        waiters[1].cancel()
        await wait_until(lambda: one.stats("orders").waiting == 3)

    await asyncio.gather(*waiters, return_exceptions=True)

    assert queue.served == [0, 2, 3]
    assert waiters[1].cancelled()


@pytest.mark.parametrize("is_served_first", [True, False])
async def test_a_waiter_cancelled_in_the_turn_in_which_it_is_served_passes_the_connection_on(
    new_lab: NewLab, monkeypatch: pytest.MonkeyPatch, is_served_first: bool
) -> None:
    lab = new_lab(size=1, max_overflow=0, timeout="20s")
    offer = lab.pool.offer

    def offer_and_cancel(record: object) -> None:
        steps = [lambda: offer(record), first.cancel]  # type: ignore[arg-type]
        for step in steps if is_served_first else reversed(steps):
            step()

    async with lab.engine.connect():
        first, second = asyncio.create_task(lab.pid()), asyncio.create_task(lab.pid())
        await wait_until(lambda: lab.stats.waiting == 2)
        monkeypatch.setattr(lab.pool, "offer", offer_and_cancel)
    pid = await second

    assert first.cancelled()
    assert pid == await lab.pid()
    stats = await lab.quiet()
    assert (stats.open, stats.idle, stats.created, stats.closed) == (1, 1, 1, 0)


async def test_the_last_waiter_cancelled_as_it_is_served_leaves_the_connection_idle(
    new_lab: NewLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = new_lab(size=1, max_overflow=0, timeout="20s")
    offer = lab.pool.offer
    async with lab.engine.connect():
        only = asyncio.create_task(lab.pid())
        await wait_until(lambda: lab.stats.waiting == 1)
        monkeypatch.setattr(lab.pool, "offer", lambda record: (offer(record), only.cancel()))

    await asyncio.wait({only})

    assert only.cancelled()
    stats = await lab.quiet()
    assert (stats.open, stats.idle, stats.created, stats.checkouts) == (1, 1, 1, 1)


@pytest.mark.parametrize("end", ["dead", "lifetime", "transaction", "error", "disposed"])
async def test_one_that_is_not_kept_makes_room_for_who_waits(new_lab: NewLab, end: str) -> None:
    lab = new_lab(size=1, max_overflow=0, timeout="20s", max_lifetime="1000s")
    async with lab.engine.connect() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        waiter = asyncio.create_task(lab.pid())
        await wait_until(lambda: lab.stats.waiting == 1)
        match end:
            case "dead":
                raw.terminate()  # type: ignore[union-attr]
            case "lifetime":
                lab.clock.advance(1001)
            case "transaction":
                await raw.execute("BEGIN")  # type: ignore[union-attr]
            case "error":
                await connection.invalidate()
            case "disposed":
                await lab.engine.dispose()

    async with asyncio.timeout(5):
        await waiter

    assert lab.stats.closed_by == {end: 1}
    assert (lab.stats.created, lab.stats.open, lab.stats.timeouts) == (2, 1, 0)


async def test_beyond_max_waiting_a_caller_is_refused_at_once(load: Load, postgres: PostgresServer) -> None:
    async with load(orders=profile(postgres, max_waiting=2)) as registry:
        queue = Queue(registry)
        async with registry.connect("orders"):
            waiters = await queue.join("first", "second")
            with pytest.raises(TooManyWaiting, match=r"2 callers may wait \(pool.max_waiting\)") as refusal:
                await queue.ask("third")
            stats = registry.stats("orders")
        await asyncio.gather(*waiters)
        await queue.ask("later")

    assert isinstance(refusal.value, PoolTimeout)
    assert (stats.rejected, stats.waiting, stats.timeouts) == (1, 2, 0)
    assert queue.served == ["first", "second", "later"]


async def test_who_can_have_a_connection_without_waiting_for_others_is_not_refused(new_lab: NewLab) -> None:
    """A test of an idle connection and a connect to a free slot take a moment, and nobody stands in line."""
    lab = new_lab(size=4, max_overflow=0, timeout="20s", max_waiting=0, connecting_limit=1)
    await lab.fill(2)
    lab.clock.advance(60)

    pids = await asyncio.gather(*(lab.pid() for _ in range(4)))

    assert len(pids) == 4
    assert lab.stats.rejected == 0

"""Metrics are true to the pool while it waits, times out, churns and is disposed of."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy.exc import DBAPIError

from connmgr import PoolStats, PoolTimeout, Registry
from connmgr.telemetry import exposition, instrument
from connmgr.telemetry.metrics import POOL_NAME
from tests.rig.pool import PID
from tests.rig.telemetry import Key, Sdk, key, parsed
from tests.rig.wait import wait_until

Orders = Callable[..., Registry]
NAME = {"db_client_connection_pool_name": "orders"}
PENDING = key("db_client_connection_pending_requests", **NAME)
TIMEOUTS = key("db_client_connection_timeouts_total", **NAME)
WAITS = key("db_client_connection_wait_time_seconds_count", **NAME)
MAX = key("db_client_connection_max", **NAME)
OLDEST_WAIT = key("connmgr_pool_oldest_wait_seconds", **NAME)
IDLE, USED = (
    key("db_client_connection_count", db_client_connection_state=state, **NAME) for state in ("idle", "used")
)
COUNTERS = ("_total", "_seconds_count", "_seconds_sum", "_seconds_bucket")


def scrape(registry: Registry) -> dict[Key, float]:
    return parsed(exposition(registry)[0])


async def pid(registry: Registry) -> None:
    async with registry.connect("orders") as connection:
        await connection.execute(PID)


def is_quiet(stats: PoolStats) -> bool:
    return (stats.connecting, stats.waiting, stats.in_use) == (0, 0, 0)


async def test_five_who_wait_in_vain_are_pending_and_then_timeouts(orders: Orders, sdk: Sdk) -> None:
    async with orders(pool={"size": 1, "max_overflow": 0, "timeout": "200ms"}) as registry:
        with instrument(registry, meter_provider=sdk.meters):
            async with registry.connect("orders"):
                before = scrape(registry)
                waiters = [asyncio.create_task(pid(registry)) for _ in range(5)]
                await wait_until(lambda: registry.stats("orders").waiting == 5, poll=0)
                during, measured = scrape(registry), sdk.values()
                results = await asyncio.gather(*waiters, return_exceptions=True)
            await pid(registry)
            after, at_last = scrape(registry), sdk.values()

    assert all(isinstance(result, PoolTimeout) for result in results)
    assert (before[PENDING], during[PENDING], after[PENDING]) == (0, 5, 0)
    assert 0 < during[OLDEST_WAIT] < 1
    assert after[TIMEOUTS] - before[TIMEOUTS] == 5
    assert after[WAITS] - before[WAITS] == 5 + 1
    pool = {POOL_NAME: "orders"}
    assert measured[key("db.client.connection.pending_requests", **pool)] == 5
    assert at_last[key("db.client.connection.timeouts", **pool)] == 5
    assert at_last[key("db.client.connection.wait_time", **pool)][0] == 1 + 5 + 1


async def test_counters_never_fall_when_the_engine_is_disposed_of(orders: Orders) -> None:
    async with orders(pool={"size": 2}) as registry:
        await pid(registry)
        before = scrape(registry)
        await registry.engine("orders").dispose()
        disposed = scrape(registry)
        await pid(registry)
        after = scrape(registry)

    counters = [each for each in before if each[0].endswith(COUNTERS)]
    assert len(counters) > 60
    assert [each for each in counters if not before[each] <= disposed[each] <= after[each]] == []
    assert (before[IDLE], disposed[IDLE], after[IDLE]) == (1, 0, 1)
    assert (before[WAITS], after[WAITS]) == (1, 2)


async def churn(registry: Registry, chance: random.Random) -> None:
    """Use connections in every way that a caller can."""
    for _ in range(12):
        with suppress(DBAPIError, TimeoutError):
            async with asyncio.timeout(chance.choice([0.002, 0.01, 5, 5])):
                async with registry.connect("orders", autocommit=chance.random() < 0.3) as connection:
                    await connection.execute(PID)
                    if chance.random() < 0.1:
                        await connection.invalidate()
                    await asyncio.sleep(0)


class Scraper(threading.Thread):
    """Scrapes from a thread of its own until it is told to stop; at least once."""

    def __init__(self, *reads: Callable[[], object]) -> None:
        super().__init__()
        self._reads = reads
        self._enough = threading.Event()
        self.seen: list[tuple[object, ...]] = []

    def run(self) -> None:
        while not self.seen or not self._enough.is_set():
            self.seen.append(tuple(read() for read in self._reads))

    async def stop(self) -> None:
        self._enough.set()
        await wait_until(lambda: not self.is_alive(), what="the thread to end")
        self.join()


async def test_from_another_thread_every_scrape_under_churn_adds_up(orders: Orders, sdk: Sdk) -> None:
    pool = {"size": 3, "max_overflow": 2, "timeout": "20s", "pre_ping": "always"}
    async with orders(pool=pool) as registry:
        with instrument(registry, meter_provider=sdk.meters):
            await pid(registry)
            scraper = Scraper(lambda: scrape(registry), sdk.values)
            scraper.start()
            await asyncio.gather(*(churn(registry, random.Random(seed)) for seed in range(50)))
            await scraper.stop()
            await wait_until(lambda: is_quiet(registry.stats("orders")), what="the pool to be quiet")
            stats, text, collected = registry.stats("orders"), scrape(registry), sdk.values()

    counts = [(found[IDLE], found[USED], found[MAX]) for found, _ in scraper.seen]  # type: ignore[index]
    state = "db.client.connection.state"
    counts += [
        (
            found[key("db.client.connection.count", **{POOL_NAME: "orders", state: "idle"})],  # type: ignore[index]
            found[key("db.client.connection.count", **{POOL_NAME: "orders", state: "used"})],  # type: ignore[index]
            found[key("db.client.connection.max", **{POOL_NAME: "orders"})],  # type: ignore[index]
        )
        for _, found in scraper.seen
    ]
    assert len(scraper.seen) > 5
    assert [each for each in counts if min(each) < 0 or each[0] + each[1] > each[2]] == []
    assert max(used for _, used, _ in counts) == 5
    assert_is_told_exactly(stats, text, collected)


def assert_is_told_exactly(stats: PoolStats, text: dict[Key, float], collected: dict[Key, object]) -> None:
    pool = {POOL_NAME: "orders"}
    assert stats.wait.count == stats.checkouts + stats.timeouts
    for name, value in (("wait", stats.wait), ("use", stats.use), ("create", stats.create)):
        exposed = f"db_client_connection_{name}_time_seconds"
        assert text[key(f"{exposed}_count", **NAME)] == value.count > 0
        assert text[key(f"{exposed}_sum", **NAME)] == value.total
        assert collected[key(f"db.client.connection.{name}_time", **pool)] == (value.count, value.total)
    for name, suffix, number in (
        ("db.client.connection.timeouts", "_total", stats.timeouts),
        ("db.client.connection.pending_requests", "", 0),
        ("db.client.connection.idle.max", "", 3),
        ("db.client.connection.idle.min", "", 0),
        ("db.client.connection.max", "", 5),
        ("connmgr.pool.oldest_wait", "_seconds", 0),
        ("connmgr.pool.rejected", "_total", stats.rejected),
        ("connmgr.pool.connect_failures", "_total", stats.failed),
        ("connmgr.pool.leaks", "_total", stats.leaks),
        ("connmgr.transaction.retries", "_total", stats.retries),
    ):
        assert text[key(name.replace(".", "_") + suffix, **NAME)] == number, name
        assert collected[key(name, **pool)] == number, name
    assert (text[IDLE], text[USED]) == (stats.idle, 0)

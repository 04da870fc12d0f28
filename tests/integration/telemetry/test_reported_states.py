"""What goes wrong around a pool is seen in its metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from connmgr import CircuitOpen, HealthReport, PoolTimeout, Registry, TooManyWaiting
from connmgr.telemetry import exposition
from tests.rig.ports import LOOPBACK, free_port
from tests.rig.telemetry import Key, key, parsed
from tests.rig.wait import wait_until

Orders = Callable[..., Registry]
Load = Callable[..., Registry]
NAME = {"db_client_connection_pool_name": "orders"}


def scrape(registry: Registry) -> dict[Key, float]:
    return parsed(exposition(registry)[0])


def seen(registry: Registry, name: str, **labels: str) -> float:
    return scrape(registry)[key(name, **NAME, **labels)]


async def test_who_is_refused_is_rejected(orders: Orders) -> None:
    async with orders(pool={"size": 1, "max_overflow": 0, "max_waiting": 0}) as registry:
        async with registry.connect("orders"):
            with suppress(TooManyWaiting):
                async with registry.connect("orders"):
                    raise AssertionError
        rejected = seen(registry, "connmgr_pool_rejected_total")

    assert rejected == 1


async def test_a_server_that_is_away_is_failures_and_an_open_breaker(load: Load) -> None:
    url = f"postgresql://app@{LOOPBACK}:{free_port()}/orders?sslmode=disable"
    settings = {"url": url, "pool": {"timeout": "5s"}, "breaker": {"failures": 2, "cooldown": "1h"}}
    async with load(orders=settings) as registry:
        registry.engine("orders")
        before = seen(registry, "connmgr_breaker_open")
        with suppress(CircuitOpen, PoolTimeout):
            async with registry.connect("orders"):
                raise AssertionError
        after = scrape(registry)

    assert before == 0
    assert after[key("connmgr_breaker_open", **NAME)] == 1
    assert after[key("connmgr_pool_connect_failures_total", **NAME)] >= 2


async def test_what_is_held_too_long_is_a_leak(orders: Orders) -> None:
    async with orders(pool={"leak_detection_threshold": "1ms"}) as registry, AsyncExitStack() as stack:
        await stack.enter_async_context(registry.connect("orders"))
        await wait_until(lambda: registry.stats("orders").leaks == 1, what="the housekeeper to look")

        assert seen(registry, "connmgr_pool_leaks_total") == 1


async def test_a_transaction_that_is_run_again_is_a_retry(orders: Orders) -> None:
    tries = 0

    async def work(session: AsyncSession) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            await session.execute(text("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$"))

    async with orders() as registry:
        await registry.run("orders", work)

        assert (tries, seen(registry, "connmgr_transaction_retries_total")) == (2, 1)


async def test_the_last_health_check_is_a_status(orders: Orders) -> None:
    class Checked(Registry):
        reports: dict[str, HealthReport]

        def last_health(self) -> dict[str, HealthReport]:
            return self.reports

    loaded = orders()
    async with Checked(dict(loaded), environ={}) as registry:
        registry.reports = {}
        unchecked = {name for name, _ in scrape(registry)}
        registry.reports = {"orders": await registry.health("orders")}
        statuses = {
            status: seen(registry, "connmgr_health_status", connmgr_health_status=status)
            for status in ("healthy", "degraded", "unhealthy")
        }

    assert "connmgr_health_status" not in unchecked
    assert statuses == {"healthy": 1, "degraded": 0, "unhealthy": 0}


async def test_a_profile_without_a_pool_is_reported_too(load: Load) -> None:
    async with load(orders={"url": "sqlite://"}) as registry, registry.connect("orders") as connection:
        await connection.execute(text("SELECT 1"))
        found = await asyncio.to_thread(scrape, registry)

    assert found[key("db_client_connection_count", db_client_connection_state="used", **NAME)] == 1
    assert key("db_client_connection_max", **NAME) not in found


async def test_a_closed_registry_has_nothing_to_report(orders: Orders) -> None:
    async with orders() as registry:
        async with registry.connect("orders"):
            pass
        during = scrape(registry)

    assert len(during) > 50
    assert scrape(registry) == {}

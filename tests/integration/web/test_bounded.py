"""However many ask: one check for each `ttl`, on one connection, and never a pool."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text

from connmgr import Registry
from connmgr.web.damping import Damper
from connmgr.web.watch import Watch
from tests.faults.measure import at_most
from tests.rig.pool import Clock
from tests.rig.postgres import PostgresServer
from tests.rig.probes import ONE, WELL, Browse, Load, Write, codes, cut
from tests.rig.proxy import FaultProxy
from tests.rig.wait import wait_until

MANY = 500
LASTING = {"ttl": "1h", "timeout": "5s"}
PAGES = ("/readyz", "/startupz", "/health", "/health/orders", "/health?group=readiness")


def checks(registry: Registry) -> int:
    return len(registry.health_history("orders").results)


async def test_500_requests_at_once_open_one_connection_for_one_check(
    load: Load, browse: Browse, own_postgres: PostgresServer
) -> None:
    profile = {"url": own_postgres.url(), "health": LASTING}
    async with load(orders=profile) as registry, browse(registry) as client:
        told = await codes(client, ["/readyz"] * MANY)
        backends = await asyncio.to_thread(own_postgres.backends, "connmgr")

        assert checks(registry) == 1

    assert told == [200] * MANY
    assert backends == 1


async def test_requests_of_all_pages_at_once_share_the_check(
    load: Load, browse: Browse, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    profile = {"url": postgres.url(port=proxy.port, sslmode="disable"), "health": LASTING}
    async with load(orders=profile) as registry, browse(registry) as client:
        told = await codes(client, PAGES * (MANY // len(PAGES)))

        assert checks(registry) == 1

    assert told == [200] * MANY
    assert proxy.accepted == 1


async def test_a_full_pool_with_waiters_is_left_alone(
    load: Load, browse: Browse, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    url = postgres.url(port=proxy.port, sslmode="disable")
    profile = {"url": url, "pool": {**ONE, "timeout": "30s"}, "health": LASTING}

    async with load(orders=profile) as registry, browse(registry) as client:
        async with registry.connect("orders") as connection:
            await connection.execute(text("SELECT 1"))
            waiter = asyncio.create_task(_select(registry), name="rig waiter")
            await wait_until(lambda: registry.stats("orders").waiting == 1, what="a caller to wait")
            before, accepted = registry.stats("orders"), proxy.accepted
            with at_most(5.0):
                told = await codes(client, ["/readyz"] * MANY)
            after = registry.stats("orders")
        await waiter

        assert checks(registry) == 1

    assert told == [200] * MANY
    assert replace(after, oldest_wait=0.0) == replace(before, oldest_wait=0.0)
    assert proxy.accepted == accepted + 1


async def test_a_server_that_is_silent_is_asked_once_by_all_who_wait(
    load: Load, browse: Browse, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    profile = {"url": postgres.url(port=proxy.port, sslmode="disable"), "health": {"timeout": "300ms"}}
    proxy.blackhole()
    async with load(orders=profile) as registry, browse(registry) as client:
        with at_most(2.0):
            told = await codes(client, ["/readyz"] * MANY)

        assert checks(registry) == 1

    assert told == [503] * MANY
    assert proxy.accepted == 1


async def test_a_server_that_is_down_is_asked_once_in_a_ttl(
    load: Load, browse: Browse, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    profile = {"url": postgres.url(port=proxy.port, sslmode="disable"), "health": LASTING}
    async with load(orders=profile) as registry, browse(registry) as client:
        cut(proxy)
        told = [(await client.get(path)).status_code for path in PAGES * 20]

        assert checks(registry) == 1

    assert told == [503] * len(PAGES) * 20


async def test_each_ttl_has_one_check(load: Load, postgres: PostgresServer) -> None:
    clock = Clock()
    profile = {"url": postgres.url(), "health": {"ttl": "10s"}}
    async with load(orders=profile) as registry:
        registry._health._clock = clock
        watch = Watch(registry, ("orders",), {"orders": Damper(2, 3)}, clock)
        counts = []
        for _ in range(3):
            for _ in range(10):
                await asyncio.gather(*(watch.look() for _ in range(20)))
                clock.advance(0.999)
            counts.append(checks(registry))
            clock.advance(0.011)

    assert counts == [1, 2, 3]


async def test_requests_for_names_that_are_none_are_remembered_nowhere(load: Load, browse: Browse) -> None:
    async with load(orders=WELL) as registry, browse(registry) as client:
        paths = [f"/health/nobody{number}" for number in range(100)]
        told = await codes(client, paths + [f"/health?group=nobody{number}" for number in range(100)])

        assert registry.last_health() == {}

    assert told == [404] * 200


async def test_a_client_that_goes_away_takes_nobody_elses_answer_with_it(
    load: Load, browse: Browse, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    profile = {"url": postgres.url(port=proxy.port, sslmode="disable"), "health": LASTING}
    proxy.blackhole()
    async with load(orders=profile) as registry, browse(registry) as client:
        asking = [asyncio.create_task(client.get("/readyz"), name="rig request") for _ in range(10)]
        await wait_until(lambda: proxy.seen_up > 0, what="the check to be under way")
        for task in asking[:5]:
            task.cancel()
        await asyncio.wait(asking[:5])
        cut(proxy)
        answers = await asyncio.gather(*asking[5:])

        assert checks(registry) == 1

    assert [answer.status_code for answer in answers] == [503] * 5


async def test_closing_the_registry_ends_what_is_asked(
    load: Load, browse: Browse, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    profile = {"url": postgres.url(port=proxy.port, sslmode="disable"), "health": {"timeout": "300ms"}}
    proxy.blackhole()
    async with browse(registry := load(orders=profile)) as client:
        async with registry:
            asking = asyncio.create_task(codes(client, ["/readyz"] * 20), name="rig requests")
            await wait_until(lambda: proxy.seen_up > 0, what="the check to be under way")
        with at_most(1.0):
            told = await asking

    assert told == [503] * 20


async def test_closing_the_registry_ends_a_look_that_nobody_waits_for(
    load: Load, browse: Browse, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    """A request that does not wait for it leaves a look under way."""
    url = postgres.url(port=proxy.port, sslmode="disable")
    async with browse(registry := load(orders={"url": url, "health": {"timeout": "300ms"}})) as client:
        async with registry:
            await client.get("/readyz")
            proxy.blackhole()
            told = (await client.get("/readyz")).status_code
            under_way = looks()
        await wait_until(lambda: not looks(), what="the look to end")

    assert (told, len(under_way)) == (200, 1)


def looks() -> list[asyncio.Task[object]]:
    return [task for task in asyncio.all_tasks() if task.get_name() == "connmgr web health"]


@pytest.mark.parametrize("path", PAGES)
async def test_a_registry_that_was_not_opened_is_not_ready(load: Load, browse: Browse, path: str) -> None:
    async with browse(load(orders=WELL)) as client:
        answer = await client.get(path)

    assert (answer.status_code, answer.headers["Cache-Control"]) == (503, "no-store")


@pytest.mark.parametrize("path", [page for page in PAGES if page != "/startupz"])
async def test_a_registry_that_was_closed_is_not_ready(load: Load, browse: Browse, path: str) -> None:
    registry = load(orders=WELL)
    async with browse(registry) as client:
        async with registry:
            before = (await client.get(path)).status_code
        after = (await client.get(path)).status_code
        live = (await client.get("/livez")).status_code

    assert (before, after, live) == (200, 503, 200)


@pytest.mark.parametrize("path", [page for page in PAGES if page != "/startupz"])
async def test_a_registry_that_was_closed_within_a_ttl_is_not_ready(
    load: Load, browse: Browse, path: str
) -> None:
    registry = load(orders={**WELL, "health": LASTING})
    async with browse(registry) as client:
        async with registry:
            await client.get(path)
        after = (await client.get(path)).status_code

    assert after == 503


async def test_a_registry_that_was_opened_again_is_ready(load: Load, browse: Browse) -> None:
    registry = load(orders=WELL)
    told = []
    async with browse(registry) as client:
        for _ in range(3):
            async with registry:
                told.append((await client.get("/readyz")).status_code)
            told.append((await client.get("/readyz")).status_code)

    assert told == [200, 503] * 3


async def test_a_server_has_no_more_monitors_than_it_has_to_bear(
    load: Load, browse: Browse, write_registry_file: Write, own_postgres: PostgresServer
) -> None:
    write_registry_file(health={"max_monitors": 1})
    with own_postgres.database() as other:
        profiles = {
            "orders": {"url": own_postgres.url(), "health": {"timeout": "5s"}},
            "other": {"url": own_postgres.url(dbname=other), "health": {"timeout": "5s"}},
        }
        async with load(**profiles) as registry, browse(registry) as client:
            told = await codes(client, PAGES * 20)
            backends = await asyncio.to_thread(own_postgres.backends, "connmgr")

    assert told == [200] * len(PAGES) * 20
    assert backends == 1


async def _select(registry: Registry) -> None:
    async with registry.connect("orders") as connection:
        await connection.execute(text("SELECT 1"))

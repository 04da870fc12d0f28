"""What an orchestrator's probes hear: of the process, of the groups, and damped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import httpx
import pytest
from sqlalchemy import text

from connmgr import Registry, Status
from tests.rig.pool import Clock
from tests.rig.ports import LOOPBACK, free_port
from tests.rig.postgres import PostgresServer
from tests.rig.proxy import FaultProxy
from tests.rig.wait import wait_until

Load = Callable[..., Registry]
Browse = Callable[[Registry], AbstractAsyncContextManager[httpx.AsyncClient]]
Write = Callable[..., None]
WELL = {"url": "sqlite://"}


def down(**health: object) -> dict[str, object]:
    url = f"postgresql://app:hidden@{LOOPBACK}:{free_port()}/orders?sslmode=disable"
    return {"url": url, "health": health}


async def test_live_asks_no_database(
    load: Load, browse: Browse, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    profiles = {"orders": {"url": postgres.url(port=proxy.port)}, "other": down()}
    async with load(**profiles) as registry, browse(registry) as client:
        answers = [await client.get("/livez") for _ in range(10)]

    assert {answer.status_code for answer in answers} == {200}
    assert proxy.accepted == 0


async def test_live_ends_with_a_stuck_pool_of_its_group(
    load: Load, browse: Browse, write_registry_file: Write, postgres: PostgresServer
) -> None:
    write_registry_file(groups={"liveness": ["orders"]})
    pool = {"size": 1, "max_overflow": 0}
    profile = {"url": postgres.url(), "pool": pool, "health": {"stuck_after": "30s"}}
    async with load(orders=profile, other={**profile}) as registry, browse(registry) as client:
        clock = Clock()
        registry._health._clock = clock
        async with registry.connect("other"), registry.connect("orders"):
            before = (await client.get("/livez")).status_code
            told = []
            for _ in range(5):
                clock.advance(31)
                told.append((await client.get("/livez")).status_code)
        checks = registry.last_health()

    assert (before, told[-1]) == (200, 503)
    assert checks == {}


async def test_ready_and_started_ask_about_their_groups(
    load: Load, browse: Browse, write_registry_file: Write
) -> None:
    write_registry_file(groups={"readiness": ["well"], "startup": ["well", "ill"]})
    async with load(well=WELL, ill=down()) as registry, browse(registry) as client:
        ready = await client.get("/readyz")
        started = await client.get("/startupz")

    assert (ready.status_code, ready.json()) == (200, {"status": "pass"})
    assert (started.status_code, started.json()) == (503, {"status": "fail"})


async def test_started_stays_so(load: Load, browse: Browse, own_postgres: PostgresServer) -> None:
    async with load(orders={"url": own_postgres.url()}) as registry, browse(registry) as client:
        before = await client.get("/startupz")
        own_postgres.stop()
        after = [await client.get("/startupz") for _ in range(5)]

    assert before.status_code == 200
    assert {answer.status_code for answer in after} == {200}
    assert after[-1].json() == {"status": "fail"}


@pytest.mark.parametrize(("critical", "status", "word"), [(True, 503, "fail"), (False, 200, "warn")])
async def test_only_what_is_critical_turns_the_whole_off(
    load: Load, browse: Browse, write_registry_file: Write, critical: bool, status: int, word: str
) -> None:
    write_registry_file(web={"details": "always"})
    async with load(well=WELL, ill=down(critical=critical)) as registry, browse(registry) as client:
        answer = await client.get("/readyz")

    body = answer.json()
    assert (answer.status_code, body["status"]) == (status, word)
    assert body["checks"]["ill:responseTime"][0]["status"] == "fail"
    assert body["checks"]["well:responseTime"][0]["status"] == "pass"


@pytest.mark.alone
async def test_status_turns_after_fall_and_rise_checks_and_the_report_says_what_is(
    load: Load, browse: Browse, write_registry_file: Write, own_postgres: PostgresServer, clock: Clock
) -> None:
    write_registry_file(web={"rise": 2, "fall": 3})
    async with load(orders={"url": own_postgres.url()}) as registry, browse(registry) as client:

        async def look() -> tuple[int, str]:
            clock.advance(3600)  # else a look that takes long is answered by the one before it
            answer = await client.get("/readyz")
            return answer.status_code, answer.json()["status"]

        well = await look()
        own_postgres.stop()
        falling = [await look() for _ in range(3)]
        is_down = (await registry.health("orders")).status
        own_postgres.start()

        async def is_ready() -> bool:
            return (await look())[0] == 200

        await wait_until(is_ready, what="it to be told ready")
        results = registry.health_history("orders").results

    assert well == (200, "pass")
    assert falling == [(200, "fail"), (200, "fail"), (503, "fail")]
    assert is_down is Status.UNHEALTHY
    assert [each.status for each in results[-3:]] == [Status.UNHEALTHY, Status.HEALTHY, Status.HEALTHY]


async def test_a_closed_registry_is_not_ready(load: Load, browse: Browse) -> None:
    registry = load(orders=WELL)
    async with browse(registry) as client:
        ready, live = await client.get("/readyz"), await client.get("/livez")

    assert (ready.status_code, live.status_code) == (503, 200)


async def test_requests_beyond_number_make_one_check_on_one_connection_and_leave_the_pool_alone(
    load: Load, browse: Browse, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    pool = {"size": 1, "max_overflow": 0}
    url = postgres.url(port=proxy.port, sslmode="disable")
    profile = {"url": url, "pool": pool, "health": {"ttl": "1h"}}
    async with (
        load(orders=profile) as registry,
        browse(registry) as client,
        registry.connect("orders") as connection,
    ):
        await connection.execute(text("SELECT 1"))
        before = proxy.accepted
        paths = ["/readyz", "/health", "/health/orders", "/startupz"]
        answers = await asyncio.gather(*(client.get(paths[each % 4]) for each in range(400)))
        stats = registry.stats("orders")

    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["status"] for answer in answers} == {"warn"}
    assert proxy.accepted == before + 1
    assert (stats.checkouts, stats.waiting) == (1, 0)


async def test_probes_of_a_real_client_through_a_restart_of_the_database(
    load: Load, serve: Browse, write_registry_file: Write, own_postgres: PostgresServer
) -> None:
    """As a kubelet probes: with a second's patience; here ten times a second."""
    write_registry_file(web={"rise": 2, "fall": 3})
    health = {"ttl": "50ms", "timeout": "500ms"}
    async with load(orders={"url": own_postgres.url(), "health": health}) as registry:
        live: list[int] = []
        ready: list[int] = []
        async with serve(registry) as client:

            async def probe() -> None:
                while True:
                    live.append((await client.get("/livez")).status_code)
                    ready.append((await client.get("/readyz")).status_code)
                    await asyncio.sleep(0.06)

            probing = asyncio.create_task(probe(), name="rig probes")
            await wait_until(lambda: 200 in ready, what="the first probe")
            await asyncio.to_thread(own_postgres.stop)
            stopped = len(ready)
            await wait_until(lambda: 503 in ready, what="ready to turn off")
            await asyncio.to_thread(own_postgres.start)
            started = len(ready)
            await wait_until(lambda: ready[-1] == 200, what="ready to turn on")
            probing.cancel()
            await asyncio.wait({probing})

    assert set(live) == {200}
    # One probe may have been under way when the server went, and one be answered by the check before it.
    assert ready.index(503) - stopped <= 3 + 1
    assert ready.index(200, started) - started <= 2 + 1

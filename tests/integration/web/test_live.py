"""`/livez` says whether a restart would help: it asks no database, and counts only stuck pools."""

from __future__ import annotations

from contextlib import AsyncExitStack

import httpx
import pytest

from connmgr import Registry
from tests.faults.measure import at_most
from tests.rig.pool import Clock
from tests.rig.postgres import PostgresServer
from tests.rig.probes import ONE, Browse, Load, Write, codes, cut, down
from tests.rig.proxy import FaultProxy

STUCK_AFTER = 30.0
READINGS = 5


def holding(url: str) -> dict[str, object]:
    return {"url": url, "pool": ONE, "health": {"stuck_after": f"{STUCK_AFTER:g}s"}}


def with_clock(registry: Registry) -> Clock:
    registry._health._clock = clock = Clock()
    return clock


async def test_it_asks_no_database(
    load: Load, browse: Browse, write_registry_file: Write, proxy: FaultProxy, postgres: PostgresServer
) -> None:
    write_registry_file(groups={"liveness": ["orders"]})
    async with load(orders={"url": postgres.url(port=proxy.port)}) as registry, browse(registry) as client:
        told = await codes(client, ["/livez"] * 50)

        assert registry.last_health() == {}

    assert told == [200] * 50
    assert proxy.accepted == 0


async def test_it_asks_no_database_that_is_down_either(
    load: Load, browse: Browse, write_registry_file: Write, proxy: FaultProxy, postgres: PostgresServer
) -> None:
    """One database refuses, the other swallows what it is sent."""
    profiles = {"refuses": down(), "silent": {"url": postgres.url(port=proxy.port)}}
    write_registry_file(groups={"liveness": ["refuses", "silent"]})
    proxy.blackhole()
    async with load(**profiles) as registry, browse(registry) as client:
        with at_most(0.5):
            told = await codes(client, ["/livez"] * 50)

    assert told == [200] * 50
    assert proxy.accepted == 0


async def test_it_is_no_matter_of_health_that_was_asked_for(
    load: Load, browse: Browse, write_registry_file: Write
) -> None:
    write_registry_file(groups={"liveness": ["orders"]}, web={"fall": 1})
    async with load(orders=down()) as registry, browse(registry) as client:
        ready, live = await client.get("/readyz"), await client.get("/livez")

    assert (ready.status_code, live.status_code) == (503, 200)


async def test_a_settings_error_does_not_end_it(
    load: Load, browse: Browse, write_registry_file: Write
) -> None:
    write_registry_file(groups={"liveness": ["orders"]})
    async with load(orders={"url": "${NO_SUCH_URL}"}) as registry, browse(registry) as client:
        assert (await client.get("/livez")).status_code == 200


async def test_a_full_pool_whose_server_went_away_is_not_stuck_yet(
    load: Load, browse: Browse, write_registry_file: Write, proxy: FaultProxy, postgres: PostgresServer
) -> None:
    write_registry_file(groups={"liveness": ["orders"]})
    profile = holding(postgres.url(port=proxy.port, sslmode="disable"))
    async with load(orders=profile) as registry, browse(registry) as client:
        clock = with_clock(registry)
        async with registry.connect("orders"):
            cut(proxy)
            told = []
            for _ in range(READINGS):
                told.append((await client.get("/livez")).status_code)
                clock.advance(STUCK_AFTER / (READINGS + 1))

    assert told == [200] * READINGS


async def test_a_stuck_pool_of_the_group_ends_it_without_a_question_to_the_database(
    load: Load, browse: Browse, write_registry_file: Write, proxy: FaultProxy, postgres: PostgresServer
) -> None:
    write_registry_file(groups={"liveness": ["orders"]})
    profile = holding(postgres.url(port=proxy.port, sslmode="disable"))
    async with load(orders=profile) as registry, browse(registry) as client:
        clock = with_clock(registry)
        async with registry.connect("orders"):
            accepted, sent = proxy.accepted, proxy.seen_up
            told = await _readings(client, clock)
            assert (proxy.accepted, proxy.seen_up) == (accepted, sent)

    assert told[-1] == 503


async def test_a_stuck_pool_that_is_in_no_group_ends_nothing(
    load: Load, browse: Browse, write_registry_file: Write, postgres: PostgresServer
) -> None:
    write_registry_file(groups={"liveness": ["orders"], "others": ["reports"]})
    profiles = {"orders": {"url": postgres.url()}, "reports": holding(postgres.url())}
    async with load(**profiles) as registry, browse(registry) as client:
        clock = with_clock(registry)
        async with registry.connect("reports"), registry.connect("orders"):
            told = await _readings(client, clock)
            for _ in range(READINGS):
                clock.advance(STUCK_AFTER)
                is_stuck = registry.is_stuck("reports")

    assert is_stuck
    assert told == [200] * READINGS


async def test_without_the_group_no_pool_ends_it(
    load: Load, browse: Browse, postgres: PostgresServer
) -> None:
    async with load(orders=holding(postgres.url())) as registry, browse(registry) as client:
        clock = with_clock(registry)
        async with registry.connect("orders"):
            told = await _readings(client, clock)

    assert told == [200] * READINGS


async def test_a_pool_that_is_full_and_moves_is_not_stuck(
    load: Load, browse: Browse, write_registry_file: Write, postgres: PostgresServer
) -> None:
    write_registry_file(groups={"liveness": ["orders"]})
    async with load(orders=holding(postgres.url())) as registry, browse(registry) as client:
        clock = with_clock(registry)
        told = []
        for _ in range(2 * READINGS):
            async with registry.connect("orders"):
                clock.advance(STUCK_AFTER)
                told.append((await client.get("/livez")).status_code)

    assert told == [200] * 2 * READINGS


async def test_it_goes_on_once_a_connection_came_back(
    load: Load, browse: Browse, write_registry_file: Write, postgres: PostgresServer
) -> None:
    write_registry_file(groups={"liveness": ["orders"]})
    async with load(orders=holding(postgres.url())) as registry, browse(registry) as client:
        clock = with_clock(registry)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(registry.connect("orders"))
            stuck = await _readings(client, clock)
        freed = await _readings(client, clock)

    assert (stuck[-1], freed[-1]) == (503, 200)


@pytest.mark.parametrize("code", [200, 503])
async def test_its_answer_is_one_word_and_never_kept(
    load: Load, browse: Browse, write_registry_file: Write, postgres: PostgresServer, code: int
) -> None:
    write_registry_file(groups={"liveness": ["orders"]}, web={"details": "always"})
    async with load(orders=holding(postgres.url())) as registry, browse(registry) as client:
        clock = with_clock(registry)
        async with registry.connect("orders"):
            if code == 503:
                await _readings(client, clock)
            answer = await client.get("/livez", headers={"Accept": "application/json"})

    assert (answer.status_code, answer.text) == (code, "healthy\n" if code == 200 else "unhealthy\n")
    assert answer.headers["Cache-Control"] == "no-store"


async def _readings(client: httpx.AsyncClient, clock: Clock) -> list[int]:
    """Ask again and again, each time after `stuck_after` has passed."""
    told = []
    for _ in range(READINGS):
        clock.advance(STUCK_AFTER + 1)
        told.append((await client.get("/livez")).status_code)
    return told

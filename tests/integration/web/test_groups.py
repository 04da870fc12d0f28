"""`/readyz` and `/startupz` ask about the groups that `_registry.yaml` names, and about nobody else."""

from __future__ import annotations

import httpx
import pytest

from connmgr import Status
from tests.rig.pool import Clock
from tests.rig.postgres import PostgresServer
from tests.rig.probes import WELL, Browse, Load, Write, cut, down
from tests.rig.proxy import FaultProxy


@pytest.mark.parametrize(
    ("groups", "told"),
    [
        ({}, (503, 503)),
        ({"readiness": ["well"]}, (200, 503)),
        ({"startup": ["well"]}, (503, 200)),
        ({"readiness": ["well"], "startup": ["well"]}, (200, 200)),
        ({"readiness": ["ill"], "startup": ["well"]}, (503, 200)),
        ({"readiness": [], "startup": ["ill"]}, (200, 503)),
        ({"liveness": ["ill"], "readiness": ["well"]}, (200, 503)),
    ],
)
async def test_each_probe_asks_about_its_own_group(
    load: Load,
    browse: Browse,
    write_registry_file: Write,
    groups: dict[str, list[str]],
    told: tuple[int, int],
) -> None:
    write_registry_file(groups=groups)
    async with load(well=WELL, ill=down()) as registry, browse(registry) as client:
        ready, started = await client.get("/readyz"), await client.get("/startupz")

    assert (ready.status_code, started.status_code) == told


async def test_who_is_not_in_the_group_is_not_asked(
    load: Load, browse: Browse, write_registry_file: Write, proxy: FaultProxy, postgres: PostgresServer
) -> None:
    write_registry_file(groups={"readiness": ["well"], "startup": ["well"]})
    profiles = {"well": WELL, "other": {"url": postgres.url(port=proxy.port)}}
    async with load(**profiles) as registry, browse(registry) as client:
        for path in ("/readyz", "/startupz", "/health?group=readiness", "/health/well"):
            await client.get(path)

        assert registry.last_health().keys() == {"well"}

    assert proxy.accepted == 0


async def test_a_profile_that_is_not_critical_warns_and_is_listed_as_failed(
    load: Load, browse: Browse, write_registry_file: Write
) -> None:
    write_registry_file(web={"details": "always"}, groups={"readiness": ["well", "ill"]})
    async with load(well=WELL, ill=down(critical=False)) as registry, browse(registry) as client:
        answer = await client.get("/readyz")

    body = answer.json()
    ill = body["checks"]["ill:responseTime"][0]
    assert (answer.status_code, body["status"]) == (200, "warn")
    assert (ill["status"], ill["critical"], ill["reason"]) == ("fail", False, "refused")


async def test_a_profile_that_is_not_critical_stays_without_effect_however_often_it_fails(
    load: Load, browse: Browse, write_registry_file: Write
) -> None:
    write_registry_file(web={"fall": 1})
    async with load(well=WELL, ill=down(critical=False)) as registry, browse(registry) as client:
        told = [(await client.get("/readyz")).status_code for _ in range(5)]

    assert told == [200] * 5


async def test_a_critical_profile_beside_one_that_is_not_turns_it_off(
    load: Load, browse: Browse, write_registry_file: Write
) -> None:
    write_registry_file(web={"details": "always"})
    profiles = {"well": WELL, "minor": down(critical=False), "major": down(critical=True)}
    async with load(**profiles) as registry, browse(registry) as client:
        answer = await client.get("/readyz")

    assert (answer.status_code, answer.json()["status"]) == (503, "fail")


async def test_a_profile_that_cannot_be_settled_turns_it_off_unless_it_is_not_critical(
    load: Load, browse: Browse, write_registry_file: Write
) -> None:
    write_registry_file(groups={"readiness": ["minor"], "startup": ["major"]}, web={"details": "always"})
    minor = {"url": "${NO_SUCH_URL}", "health": {"critical": False}}
    async with load(minor=minor, major={"url": "${NO_SUCH_URL}"}) as registry, browse(registry) as client:
        ready, started = await client.get("/readyz"), await client.get("/startupz")

    assert (ready.status_code, ready.json()["status"]) == (200, "warn")
    assert (started.status_code, started.json()["status"]) == (503, "fail")
    assert ready.json()["checks"]["minor:responseTime"][0]["reason"] == "misconfigured"


async def test_started_waits_for_its_group_and_stays_once_it_was(
    load: Load,
    browse: Browse,
    write_registry_file: Write,
    proxy: FaultProxy,
    postgres: PostgresServer,
    clock: Clock,
) -> None:
    write_registry_file(web={"rise": 1, "fall": 1})
    url = postgres.url(port=proxy.port, sslmode="disable")
    proxy.refuse()
    async with load(orders={"url": url}) as registry, browse(registry) as client:

        async def ask(path: str) -> httpx.Response:
            clock.advance(3600)
            return await client.get(path)

        before = [(await ask("/startupz")).status_code for _ in range(3)]
        await proxy.listen()
        once = (await ask("/startupz")).status_code
        cut(proxy)
        after = [await ask("/startupz") for _ in range(3)]
        ready = (await ask("/readyz")).status_code

    assert (before, once) == ([503] * 3, 200)
    assert [(answer.status_code, answer.json()) for answer in after] == [(200, {"status": "fail"})] * 3
    assert ready == 503


async def test_ready_before_is_not_started(
    load: Load, browse: Browse, write_registry_file: Write, proxy: FaultProxy, postgres: PostgresServer
) -> None:
    """What `/readyz` found does not stand for what `/startupz` was never asked."""
    write_registry_file(web={"rise": 1, "fall": 1})
    async with (
        load(orders={"url": postgres.url(port=proxy.port, sslmode="disable")}) as registry,
        browse(registry) as client,
    ):
        ready = (await client.get("/readyz")).status_code
        cut(proxy)
        started = (await client.get("/startupz")).status_code

        assert (await registry.health("orders")).status is Status.UNHEALTHY

    assert (ready, started) == (200, 503)


async def test_a_group_of_ones_own_is_asked_about_by_name(
    load: Load, browse: Browse, write_registry_file: Write
) -> None:
    write_registry_file(groups={"reporting": ["ill"], "selling": ["well"]})
    async with load(well=WELL, ill=down()) as registry, browse(registry) as client:
        reporting = await client.get("/health?group=reporting")
        selling = await client.get("/health", params={"group": "selling"})

    assert (reporting.status_code, selling.status_code) == (503, 200)

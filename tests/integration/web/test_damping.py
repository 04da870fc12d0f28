"""HTTP turns a profile off at the `fall`th check that failed and on at the `rise`th; reports say what is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from connmgr import Registry, Status
from tests.rig.pool import Clock
from tests.rig.postgres import PostgresServer
from tests.rig.probes import WELL, Browse, Load, Write, codes, cut, down
from tests.rig.proxy import FaultProxy
from tests.rig.wait import wait_until

Told = Callable[[httpx.AsyncClient, Registry, int], Awaitable[list[tuple[int, Status]]]]
PAGES = ("/readyz", "/health", "/health/orders", "/startupz")
LATER = 3600.0
"""Seconds after which no page has an answer that serves, nor one to give while it looks."""


@pytest.fixture
def profile(proxy: FaultProxy, postgres: PostgresServer) -> dict[str, object]:
    return {"url": postgres.url(port=proxy.port, sslmode="disable"), "health": {"timeout": "5s", "ttl": "1s"}}


@pytest.fixture
def told(clock: Clock) -> Told:
    """Ask so many times, each a check of its own; return what HTTP said and what the registry says."""

    async def told(client: httpx.AsyncClient, registry: Registry, checks: int) -> list[tuple[int, Status]]:
        heard = []
        for _ in range(checks):
            clock.advance(LATER)
            code = (await client.get("/readyz")).status_code
            heard.append((code, (await registry.health("orders")).status))
        return heard

    return told


@pytest.mark.parametrize(("rise", "fall"), [(1, 1), (2, 3), (3, 2)])
async def test_it_turns_at_exactly_the_last_check_of_the_row(
    load: Load,
    browse: Browse,
    write_registry_file: Write,
    proxy: FaultProxy,
    profile: dict[str, object],
    rise: int,
    fall: int,
    told: Told,
) -> None:
    write_registry_file(web={"rise": rise, "fall": fall})
    async with load(orders=profile) as registry, browse(registry) as client:
        well = await told(client, registry, 2)
        cut(proxy)
        falling = await told(client, registry, fall + 2)
        await proxy.listen()
        rising = await told(client, registry, rise + 2)

    assert well == [(200, Status.HEALTHY)] * 2
    assert [code for code, _ in falling] == [200] * (fall - 1) + [503] * 3
    assert [code for code, _ in rising] == [503] * (rise - 1) + [200] * 3
    assert {status for _, status in falling} == {Status.UNHEALTHY}
    assert {status for _, status in rising} == {Status.HEALTHY}


async def test_one_bad_check_between_good_ones_turns_nothing(
    load: Load,
    browse: Browse,
    write_registry_file: Write,
    proxy: FaultProxy,
    profile: dict[str, object],
    told: Told,
) -> None:
    write_registry_file(web={"rise": 2, "fall": 2})
    async with load(orders=profile) as registry, browse(registry) as client:
        codes = []
        for _ in range(4):
            codes += await told(client, registry, 1)
            cut(proxy)
            codes += await told(client, registry, 1)
            await proxy.listen()

    assert codes == [(200, Status.HEALTHY), (200, Status.UNHEALTHY)] * 4


async def test_the_first_check_decides_by_itself(load: Load, browse: Browse) -> None:
    async with load(orders=down()) as registry, browse(registry) as client:
        assert (await client.get("/readyz")).status_code == 503


async def test_the_registry_and_every_body_say_what_is(
    load: Load,
    browse: Browse,
    write_registry_file: Write,
    proxy: FaultProxy,
    profile: dict[str, object],
    clock: Clock,
) -> None:
    write_registry_file(web={"fall": 10, "details": "always"})
    async with load(orders=profile) as registry, browse(registry) as client:
        await client.get("/readyz")
        cut(proxy)
        clock.advance(LATER)
        draft = await client.get("/readyz")
        ours = await client.get("/health", headers={"Accept": "application/json"})
        plain = await client.get("/health/orders", headers={"Accept": "text/plain"})
        report = await registry.health("orders")
        is_healthy = await registry.is_healthy("orders")

    assert {answer.status_code for answer in (draft, ours, plain)} == {200}
    assert (draft.json()["status"], ours.json()["status"]) == ("fail", "unhealthy")
    assert plain.text.startswith("unhealthy\n")
    assert (report.status, is_healthy) == (Status.UNHEALTHY, False)


async def test_other_profiles_and_other_checks_do_not_count_for_one(
    load: Load,
    browse: Browse,
    write_registry_file: Write,
    proxy: FaultProxy,
    profile: dict[str, object],
    told: Told,
    clock: Clock,
) -> None:
    write_registry_file(web={"rise": 2, "fall": 3}, groups={"readiness": ["orders"]})
    async with load(orders=profile, other=WELL) as registry, browse(registry) as client:
        await client.get("/readyz")
        cut(proxy)
        for _ in range(10):
            clock.advance(LATER)
            await registry.health("orders")
            await client.get("/health/other")
        codes = [code for code, _ in await told(client, registry, 3)]

    assert codes == [200, 200, 503]


async def test_many_requests_for_one_check_count_once(
    load: Load,
    browse: Browse,
    write_registry_file: Write,
    proxy: FaultProxy,
    profile: dict[str, object],
    clock: Clock,
) -> None:
    """A hundred ask while the server is silent; then it is gone, and all of them hear of one check."""
    write_registry_file(web={"rise": 2, "fall": 2})
    async with load(orders=profile) as registry, browse(registry) as client:
        await codes(client, PAGES)
        clock.advance(LATER)
        proxy.blackhole()
        sent = proxy.seen_up
        asking = asyncio.create_task(codes(client, PAGES * 25), name="rig requests")
        await wait_until(lambda: proxy.seen_up > sent, what="the check to be under way")
        cut(proxy)
        heard = await asking
        results = registry.health_history("orders").results
        clock.advance(LATER)
        next_one = (await client.get("/readyz")).status_code

    assert [point.status for point in results].count(Status.UNHEALTHY) == 1
    assert heard == [200] * 100
    assert next_one == 503


async def test_requests_that_share_an_answer_within_its_ttl_count_once(
    load: Load,
    browse: Browse,
    write_registry_file: Write,
    proxy: FaultProxy,
    profile: dict[str, object],
    clock: Clock,
) -> None:
    write_registry_file(web={"rise": 2, "fall": 2}, groups={"mine": ["orders"]})
    async with load(orders=profile) as registry, browse(registry) as client:
        await registry.health("orders")
        before = (await client.get("/health?group=mine")).status_code
        cut(proxy)
        clock.advance(LATER)
        heard = [(await client.get(path)).status_code for path in PAGES]

    assert before == 200
    assert heard == [200] * len(PAGES)


async def test_a_page_that_another_profile_holds_up_does_not_count_a_check_again(
    load: Load,
    browse: Browse,
    write_registry_file: Write,
    postgres: PostgresServer,
    proxy: FaultProxy,
    profile: dict[str, object],
    clock: Clock,
) -> None:
    """Two checks have failed when the held up page has its answer, and three are asked for."""
    write_registry_file(web={"fall": 3}, groups={"a": ["orders"], "b": ["orders"]})
    async with FaultProxy(proxy.host, proxy.target_port) as silent:
        url = postgres.url(port=silent.port, sslmode="disable")
        hangs = {"url": url, "health": {"timeout": "30s", "ttl": "1s", "critical": False}}
        silent.blackhole()
        async with load(orders=profile, hangs=hangs) as registry, browse(registry) as client:
            well = (await client.get("/health?group=a")).status_code
            cut(proxy)
            clock.advance(LATER)
            held_up = asyncio.create_task(client.get("/health"), name="rig request")
            await wait_until(lambda: is_down(registry), what="the first check to fail")
            first = (await client.get("/health/orders")).status_code
            clock.advance(LATER)
            second = (await client.get("/health?group=b")).status_code
            cut(silent)
            late = (await held_up).status_code

    assert (well, first, second) == (200, 200, 200)
    assert late == 200


async def test_a_check_that_takes_longer_than_its_askers_wait_counts_once(
    load: Load,
    browse: Browse,
    write_registry_file: Write,
    proxy: FaultProxy,
    profile: dict[str, object],
    clock: Clock,
) -> None:
    """Of two profiles of one database one waits long for it, and its check is what the other asks about."""
    write_registry_file(web={"fall": 3}, groups={"readiness": ["hasty"]})
    hasty = {**profile, "health": {"timeout": "200ms", "ttl": "1s"}}
    patient = {**profile, "health": {"timeout": "30s"}}
    async with load(hasty=hasty, patient=patient) as registry, browse(registry) as client:
        well = await codes(client, ["/readyz", "/health/patient"])
        clock.advance(LATER)
        proxy.blackhole()
        sent = proxy.seen_up
        checking = asyncio.create_task(registry.health("patient"), name="rig check")
        await wait_until(lambda: proxy.seen_up > sent, what="the check to be under way")
        heard = []
        for _ in range(3):
            heard.append((await client.get("/readyz")).status_code)
            clock.advance(LATER)
        was_running = not checking.done()
        cut(proxy)
        await checking

    assert (well, was_running) == ([200, 200], True)
    assert heard == [200] * 3


def is_down(registry: Registry) -> bool:
    report = registry.last_health().get("orders")
    return report is not None and report.status is Status.UNHEALTHY

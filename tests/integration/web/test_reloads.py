"""From the next request on, HTTP tells of the profiles, groups and settings that a reload brought."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from connmgr import ConfigError, Registry
from connmgr.registry_settings import WebSettings
from connmgr.web import health_app
from tests.rig.pool import Clock
from tests.rig.postgres import PostgresServer
from tests.rig.probes import HEALTH_JSON, WELL, Browse, Load, codes, cut, down
from tests.rig.proxy import FaultProxy
from tests.rig.wait import wait_until
from tests.rig.written import Written

LASTING = {**WELL, "health": {"ttl": "1h"}}
PAGES = ("/livez", "/readyz", "/startupz", "/health", "/health/orders", "/health?group=mine", "/metrics")
LATER = 3600.0


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def profiles(answer: httpx.Response) -> set[str]:
    return {name.partition(":")[0] for name in answer.json()["checks"]}


async def test_details_are_for_whom_they_are_now(load: Load, browse: Browse, written: Written) -> None:
    written.registry(web={"details": "always"})
    shown = []
    async with load(orders=LASTING) as registry, browse(registry) as client:
        for web in ({"details": "never"}, {"details": "token", "token": "first"}, {"details": "always"}):
            shown.append("checks" in (await client.get("/health")).json())
            written.registry(web=web)
            await registry.reload()
        shown.append("checks" in (await client.get("/health")).json())

    assert shown == [True, False, False, True]


async def test_a_token_that_was_changed_is_refused_at_the_next_request(
    load: Load, browse: Browse, written: Written
) -> None:
    written.registry(web={"details": "token", "token": "first"})
    async with load(orders=LASTING) as registry, browse(registry) as client:
        before = (await client.get("/metrics", headers=bearer("first"))).status_code
        written.registry(web={"details": "token", "token": "second"})
        await registry.reload()
        after = [
            (await client.get("/metrics", headers=bearer(each))).status_code for each in ("first", "second")
        ]
        details = [(await client.get("/health", headers=bearer(each))).json() for each in ("first", "second")]

    assert (before, after) == (200, [401, 200])
    assert ["checks" in each for each in details] == [False, True]


async def test_what_the_caller_set_holds_whatever_the_file_says(load: Load, written: Written) -> None:
    written.registry(web={"details": "never"})
    async with load(orders=LASTING) as registry:
        transport = httpx.ASGITransport(health_app(registry, settings=WebSettings(details="always")))
        async with httpx.AsyncClient(transport=transport, base_url="http://orders") as client:
            await client.get("/health")
            written.registry(web={"details": "never", "fall": 7})
            await registry.reload()

            assert profiles(await client.get("/health")) == {"orders"}


async def test_profiles_and_groups_are_those_of_now(load: Load, browse: Browse, written: Written) -> None:
    written.registry(web={"details": "always"}, groups={"mine": ["orders"]})
    async with load(orders=LASTING) as registry, browse(registry) as client:
        before = [profiles(await client.get(path)) for path in ("/health", "/readyz", "/health?group=mine")]
        unknown = (await client.get("/health/added")).status_code
        written.profile("added", **LASTING)
        written.registry(web={"details": "always"}, groups={"mine": ["added"], "readiness": ["orders"]})
        await registry.reload()
        after = [profiles(await client.get(path)) for path in ("/health", "/readyz", "/health?group=mine")]
        added = (await client.get("/health/added")).status_code
        written.remove("orders")
        written.registry(web={"details": "always"})
        await registry.reload()
        last = [profiles(await client.get(path)) for path in ("/health", "/readyz")]
        gone = [(await client.get(path)).status_code for path in ("/health/orders", "/health?group=mine")]

    assert before == [{"orders"}] * 3
    assert after == [{"orders", "added"}, {"orders"}, {"added"}]
    assert last == [{"added"}] * 2
    assert (unknown, added, gone) == (404, 200, [404, 404])


async def test_a_profile_that_leads_elsewhere_is_told_of_anew_within_its_ttl(
    load: Load, browse: Browse, written: Written
) -> None:
    async with load(orders=LASTING) as registry, browse(registry) as client:
        before = await client.get("/readyz")
        written.profile("orders", **down(ttl="1h"))
        await registry.reload()
        after = await client.get("/readyz")

    assert (before.json(), after.json()) == ({"status": "pass"}, {"status": "fail"})


async def test_reloads_have_no_database_asked_more_often(
    load: Load, browse: Browse, written: Written, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    profile = {"url": postgres.url(port=proxy.port, sslmode="disable"), "health": {"ttl": "1h"}}
    async with load(orders=profile) as registry, browse(registry) as client:
        told = []
        for size in range(1, 11):
            written.profile("orders", **profile, pool={"size": size})
            await registry.reload()
            told += await codes(client, ["/readyz", "/health", "/health/orders"] * 10)
        results = registry.health_history("orders").results

    assert set(told) == {200}
    assert (len(results), proxy.accepted) == (1, 1)


@pytest.mark.parametrize(
    ("fall", "turns"), [(3, [200, 200, 503]), (1, [200, 503, 503]), (4, [200, 200, 200])]
)
async def test_checks_before_a_reload_count_and_its_fall_holds(
    load: Load,
    browse: Browse,
    written: Written,
    postgres: PostgresServer,
    proxy: FaultProxy,
    clock: Clock,
    fall: int,
    turns: list[int],
) -> None:
    """The reload comes after the first check that failed."""
    written.registry(web={"fall": 3})
    profile = {"url": postgres.url(port=proxy.port, sslmode="disable")}
    async with load(orders=profile) as registry, browse(registry) as client:
        await client.get("/readyz")
        cut(proxy)
        told = []
        for _ in range(3):
            clock.advance(LATER)
            told.append((await client.get("/readyz")).status_code)
            written.registry(web={"fall": fall})
            await registry.reload()

    assert told == turns


async def test_one_that_is_removed_while_a_page_looks_at_it_is_no_error(
    load: Load, browse: Browse, written: Written, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    written.registry(web={"details": "always"})
    profile = {"url": postgres.url(port=proxy.port, sslmode="disable"), "health": {"timeout": "5s"}}
    async with load(orders=profile, other=WELL) as registry, browse(registry) as client:
        proxy.blackhole()
        paths = ["/readyz", "/health", "/health/orders"]
        asking = [asyncio.create_task(client.get(path), name="rig request") for path in paths]
        await wait_until(lambda: proxy.seen_up > 0, what="the check to be under way")
        written.remove("orders")
        await registry.reload()
        ready, everyone, gone = await asyncio.gather(*asking)

    assert [each.status_code for each in (ready, everyone, gone)] == [200, 200, 404]
    assert profiles(ready) == profiles(everyone) == {"other"}


@pytest.mark.parametrize("seed", range(3))
async def test_no_request_fails_whatever_is_reloaded_under_it(
    load: Load, browse: Browse, written: Written, seed: int
) -> None:
    random_ = random.Random(seed)
    async with load(orders=WELL, other=WELL) as registry, browse(registry) as client:
        told: set[int] = set()
        ended = False

        async def ask() -> None:
            while not ended:
                told.update(await codes(client, PAGES))

        asking = [asyncio.create_task(ask(), name="rig requests") for _ in range(3)]
        for _ in range(40):
            name = random_.choice(["orders", "other", "third"])
            if random_.random() < 0.4:
                with suppress(FileNotFoundError):
                    written.remove(name)
            else:
                written.profile(name, **random_.choice([WELL, LASTING, down(), down(critical=False)]))
            there = [
                each for each in ("orders", "other", "third") if (written.directory / f"{each}.yaml").exists()
            ]
            groups = {"mine": there, "liveness": there} if random_.random() < 0.7 else {}
            written.registry(groups=groups, web={"details": random_.choice(["never", "always"])})
            with suppress(ConfigError):  # no profile is left
                await registry.reload()
            for _ in range(random_.randrange(20)):
                await asyncio.sleep(0)
        ended = True
        await asyncio.gather(*asking)

    assert told <= {200, 404, 503}
    assert registry.reloads.applied > 20


@pytest.mark.parametrize("kind", [HEALTH_JSON, "application/json", "text/plain"])
async def test_details_say_that_the_files_are_not_what_runs_and_a_word_is_as_short_as_ever(
    load: Load, browse: Browse, written: Written, kind: str
) -> None:
    headers = {"Accept": kind}
    async with load(orders=WELL, other=WELL) as registry, browse(registry) as client:
        well = (await client.get("/health", headers=headers)).text
        written.spoil("other")
        written.registry(web={"details": "always"})
        with pytest.raises(ConfigError):
            await registry.reload()
        refused = await client.get("/health", headers=headers)
        transport = httpx.ASGITransport(health_app(registry, settings=WebSettings(details="always")))
        async with httpx.AsyncClient(transport=transport, base_url="http://orders") as insider:
            detailed = (await insider.get("/health", headers=headers)).text
            written.profile("other", **WELL)
            await registry.reload()
            mended = (await insider.get("/health", headers=headers)).text

    assert (refused.status_code, refused.text) == (200, well)
    assert "other.yaml" in detailed
    assert "other.yaml" not in mended


@asynccontextmanager
async def out_of_service(registry: Registry, verb: str) -> AsyncIterator[None]:
    if verb == "pause":
        await registry.pause("orders")
    else:
        registry.disable("orders")
    yield
    registry.resume("orders")
    registry.enable("orders")


@pytest.mark.parametrize("verb", ["pause", "disable"])
async def test_what_an_operator_took_out_of_service_is_degraded_and_ready(
    load: Load, browse: Browse, written: Written, verb: str
) -> None:
    written.registry(web={"details": "always"}, groups={"liveness": ["orders"]})
    async with load(orders=WELL) as registry, browse(registry) as client:
        async with out_of_service(registry, verb):
            live, ready = await client.get("/livez"), await client.get("/readyz")
            text = (await client.get("/readyz", headers={"Accept": "text/plain"})).text
        after = (await client.get("/readyz")).json()

    (check,) = ready.json()["checks"]["orders:responseTime"]
    assert (live.status_code, ready.status_code, ready.json()["status"]) == (200, 200, "warn")
    assert check["reason"] == f"{verb}d"
    assert "connmgr" in check["output"]
    assert text == f"degraded\norders degraded {verb}d\n"
    assert after["status"] == "pass"


async def test_a_pause_turns_nothing_for_nothing_is_checked(load: Load, browse: Browse, clock: Clock) -> None:
    async with load(orders=down()) as registry, browse(registry) as client:
        told = [(await client.get("/readyz")).status_code]
        await registry.pause("orders")
        for _ in range(5):
            clock.advance(LATER)
            told.append((await client.get("/readyz")).status_code)

    assert told == [503] * 6


@pytest.mark.parametrize("path", PAGES)
async def test_another_event_loop_is_told_that_the_registry_is_open_elsewhere(
    load: Load, browse: Browse, written: Written, path: str
) -> None:
    written.registry(groups={"mine": ["orders"]})
    async with load(orders=LASTING) as registry, browse(registry) as client:
        here = await client.get(path)
        app = client._transport.app  # type: ignore[attr-defined]

        async def elsewhere() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://orders") as other:
                return await other.get(path)

        there = await asyncio.to_thread(asyncio.run, elsewhere())
        again = await client.get(path)

    assert (here.status_code, again.status_code) == (200, 200)
    if path == "/livez":  # which looks at counters alone
        assert (there.status_code, there.text) == (200, "healthy\n")
        return
    # What has started has done so for good.
    assert there.status_code == (200 if path == "/startupz" else 503)
    assert there.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "open in another event loop" in there.text


async def test_the_application_goes_on_in_the_loop_that_a_registry_was_opened_in_again(
    load: Load, written: Written
) -> None:
    """Locks belong to the loop in which somebody first waited for one."""
    written.registry(web={"details": "token", "token": "first"})
    registry = load(orders=LASTING)
    app = health_app(registry)

    async def serve(accept: str) -> set[int]:
        headers = {**bearer("first"), "Accept": accept}
        async with registry:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://orders") as client:
                paths = ("/metrics", "/health") * 10
                answers = await asyncio.gather(*(client.get(path, headers=headers) for path in paths))
        return {answer.status_code for answer in answers}

    kinds = ("text/plain", "application/openmetrics-text")
    told = [await asyncio.to_thread(asyncio.run, serve(accept)) for accept in kinds]

    assert told == [{200}] * 2

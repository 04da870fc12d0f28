"""The kind of the body, what caches may keep, and the answers to what is not there or not allowed."""

from __future__ import annotations

import json

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from connmgr import Registry
from connmgr.web import health_app
from tests.rig.probes import HEALTH_JSON, WELL, Browse, Load, Write, down

PLAIN = "text/plain; charset=utf-8"
CHECKED = ("/readyz", "/startupz", "/health", "/health/orders", "/health?group=readiness")
PAGES = ("/livez", *CHECKED, "/metrics")
BODIES = {HEALTH_JSON: '{"status": "pass"}', "application/json": '{"status": "healthy"}', PLAIN: "healthy\n"}


@pytest.fixture
def registry(load: Load) -> Registry:
    return load(orders=WELL)


@pytest.mark.parametrize("path", CHECKED)
@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, HEALTH_JSON),
        ("*/*", HEALTH_JSON),
        ("application/*", HEALTH_JSON),
        ("application/json", "application/json"),
        ("text/plain", PLAIN),
        ("text/*", PLAIN),
        ("text/html, application/xhtml+xml, */*;q=0.8", HEALTH_JSON),
        ("application/json;q=0.4, text/plain;q=0.5", PLAIN),
        ("application/json;q=0.5, text/plain;q=0.4", "application/json"),
        ("image/png", HEALTH_JSON),
        ("nonsense", HEALTH_JSON),
    ],
)
async def test_the_body_is_of_the_kind_that_is_liked_best(
    registry: Registry, browse: Browse, path: str, accept: str | None, kind: str
) -> None:
    async with registry, browse(registry) as client:
        del client.headers["Accept"]
        answer = await client.get(path, headers={} if accept is None else {"Accept": accept})

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == kind
    assert answer.text == BODIES[kind]


async def test_several_lines_of_accept_are_one_list(registry: Registry, browse: Browse) -> None:
    async with registry, browse(registry) as client:
        answer = await client.get("/health", headers=[("Accept", "text/html"), ("Accept", "text/plain")])

    assert answer.headers["Content-Type"] == PLAIN


@pytest.mark.parametrize("kind", [HEALTH_JSON, "application/json", "text/plain"])
async def test_what_is_down_is_told_in_the_same_kinds(load: Load, browse: Browse, kind: str) -> None:
    words = {HEALTH_JSON: '{"status": "fail"}', "application/json": '{"status": "unhealthy"}'}
    async with load(orders=down()) as registry, browse(registry) as client:
        answer = await client.get("/readyz", headers={"Accept": kind})

    assert (answer.status_code, answer.text) == (503, words.get(kind, "unhealthy\n"))
    assert answer.headers["Content-Type"].startswith(kind)


@pytest.mark.parametrize("path", CHECKED)
@pytest.mark.parametrize(("ttl", "seconds"), [("0.001ms", 0), ("1s", 1), ("1500ms", 1), ("1h", 3600)])
async def test_a_cache_may_keep_an_answer_for_its_ttl(
    load: Load, browse: Browse, path: str, ttl: str, seconds: int
) -> None:
    async with load(orders={**WELL, "health": {"ttl": ttl}}) as registry, browse(registry) as client:
        answer = await client.get(path)

    assert answer.headers["Cache-Control"] == f"max-age={seconds}"


async def test_a_cache_may_keep_an_answer_for_the_shortest_ttl_of_those_it_tells_of(
    load: Load, browse: Browse, write_registry_file: Write
) -> None:
    write_registry_file(groups={"readiness": ["long"]})
    profiles = {"long": {**WELL, "health": {"ttl": "1h"}}, "short": {**WELL, "health": {"ttl": "5s"}}}
    async with load(**profiles) as registry, browse(registry) as client:
        answers = [await client.get(path) for path in ("/health", "/readyz")]

    assert [answer.headers["Cache-Control"] for answer in answers] == ["max-age=5", "max-age=3600"]


@pytest.mark.parametrize("profile", [WELL, down()], ids=["well", "down"])
@pytest.mark.parametrize("path", CHECKED)
async def test_a_cache_is_told_what_answers_vary_with(
    load: Load, browse: Browse, path: str, profile: dict[str, object]
) -> None:
    async with load(orders=profile) as registry, browse(registry) as client:
        answer = await client.get(path)

    assert answer.headers["Vary"] == "Accept, Authorization"


async def test_details_are_for_no_shared_cache(
    load: Load, browse: Browse, write_registry_file: Write
) -> None:
    write_registry_file(web={"details": "always"})
    async with load(orders=WELL) as registry, browse(registry) as client:
        answers = [await client.get(path) for path in CHECKED]

    assert {answer.headers["Cache-Control"] for answer in answers} == {"private, max-age=0"}


@pytest.mark.parametrize("path", ["/livez", "/metrics", "/health/nobody", "/health?group=nobody"])
async def test_what_is_of_this_moment_is_not_kept(registry: Registry, browse: Browse, path: str) -> None:
    async with registry, browse(registry) as client:
        answer = await client.get(path)

    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        *("/health/nobody", "/health/", "/health/orders/more", "/health/%00", "/health/..%2forders"),
        *("/health?group=nobody", "/health?group=", "/health?group=orders", "/nothing", "/"),
    ],
)
async def test_what_is_not_there_is_not_found(registry: Registry, browse: Browse, path: str) -> None:
    async with registry, browse(registry) as client:
        answer = await client.get(path, follow_redirects=False)

        assert registry.last_health() == {}

    assert answer.status_code == (307 if path == "/health/" else 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", PAGES)
async def test_other_methods_are_not_allowed_and_check_nothing(
    registry: Registry, browse: Browse, path: str, method: str
) -> None:
    async with registry, browse(registry) as client:
        answer = await client.request(method, path)

        assert registry.last_health() == {}

    assert answer.status_code == 405
    assert {each.strip() for each in answer.headers["Allow"].split(",")} == {"GET", "HEAD"}


async def test_it_serves_as_well_mounted_in_another_application(registry: Registry) -> None:
    app = Starlette(routes=[Mount("/ops", health_app(registry))])
    transport = httpx.ASGITransport(app)
    async with registry, httpx.AsyncClient(transport=transport, base_url="http://orders") as client:
        found = [(await client.get(f"/ops{path}")).status_code for path in PAGES]
        refused = (await client.post("/ops/readyz")).status_code

    assert (found, refused) == ([200] * len(PAGES), 405)


async def test_json_is_json_in_whatever_order_it_is_asked_for(
    load: Load, browse: Browse, write_registry_file: Write
) -> None:
    """Bodies are written once for each kind and kept for a `ttl`."""
    write_registry_file(web={"details": "always"})
    async with load(orders={**WELL, "health": {"ttl": "1h"}}) as registry, browse(registry) as client:
        kinds = ["text/plain", HEALTH_JSON, "application/json", HEALTH_JSON, "text/plain"]
        bodies = [(await client.get("/health", headers={"Accept": kind})).text for kind in kinds]

    plain, draft, ours, draft_again, plain_again = bodies
    assert (plain, draft) == (plain_again, draft_again)
    assert json.loads(draft).keys() == {"status", "checks"}
    assert json.loads(ours).keys() == {"status", "profiles"}

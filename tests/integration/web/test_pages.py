"""Who is shown what, in which form."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from connmgr import Registry
from tests.rig.ports import LOOPBACK, free_port

Load = Callable[..., Registry]
Browse = Callable[[Registry], AbstractAsyncContextManager[httpx.AsyncClient]]
Write = Callable[..., None]
PATHS = ("/livez", "/readyz", "/startupz", "/health", "/health/orders", "/metrics")
TOKEN = "t0ken-canary"


@pytest.fixture
def registry(load: Load) -> Registry:
    url = f"postgresql://someuser:hidden-canary@{LOOPBACK}:{free_port()}/orders?sslmode=disable"
    return load(orders={"url": "sqlite://"}, away={"url": url, "health": {"critical": False}})


async def test_nobody_is_shown_more_than_a_word(registry: Registry, browse: Browse) -> None:
    async with registry, browse(registry) as client:
        answers = [await client.get(path) for path in PATHS[:-1]]

    for answer in answers:
        shown = answer.text + str(answer.headers)
        assert not any(
            secret in shown
            for secret in ("hidden-canary", "someuser", LOOPBACK, "SQLite", "PostgreSQL", "away", "sqlite")
        )
        assert len(answer.content) < 30


@pytest.mark.parametrize(
    ("authorization", "is_shown"),
    [
        (None, False),
        ("Bearer wrong", False),
        (f"Basic {TOKEN}", False),
        ("Bearer", False),
        (f"Bearer {TOKEN}", True),
        (f"bearer {TOKEN}", True),
    ],
)
async def test_a_token_opens_the_details_and_the_metrics(
    load: Load,
    browse: Browse,
    write_registry_file: Write,
    tmp_path: Path,
    authorization: str | None,
    is_shown: bool,
) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "token").chmod(0o600)
    write_registry_file(web={"details": "token", "token": {"file": str(tmp_path / "token")}})
    headers = {} if authorization is None else {"Authorization": authorization}
    async with load(orders={"url": "sqlite://"}) as registry, browse(registry) as client:
        answer = await client.get("/health", headers=headers)
        metrics = await client.get("/metrics", headers=headers)

    assert ("checks" in answer.json()) == is_shown
    assert metrics.status_code == (200 if is_shown else 401)
    assert ("private" in answer.headers["Cache-Control"]) == is_shown
    assert TOKEN not in answer.text + metrics.text


async def test_a_token_that_cannot_be_had_opens_nothing(
    load: Load, browse: Browse, write_registry_file: Write, tmp_path: Path
) -> None:
    write_registry_file(web={"details": "token", "token": {"file": str(tmp_path / "nowhere")}})
    async with load(orders={"url": "sqlite://"}) as registry, browse(registry) as client:
        answer = await client.get("/health", headers={"Authorization": "Bearer x"})

    assert (answer.status_code, answer.json()) == (200, {"status": "pass"})


@pytest.mark.parametrize("sent", ["Bearer ", "Bearer  ", "Bearer \xa0"])
async def test_an_empty_token_opens_nothing(
    load: Load, browse: Browse, write_registry_file: Write, sent: str
) -> None:
    write_registry_file(web={"details": "token", "token": "${EMPTY_TOKEN:-}"})
    async with load(orders={"url": "sqlite://"}) as registry, browse(registry) as client:
        answer = await client.get("/health", headers=[(b"Authorization", sent.encode("latin-1"))])

    assert answer.json() == {"status": "pass"}


async def test_bodies_come_as_the_client_likes_them(
    load: Load, browse: Browse, write_registry_file: Write
) -> None:
    write_registry_file(web={"details": "always"}, groups={"some": ["orders"]})
    async with load(orders={"url": "sqlite://"}) as registry, browse(registry) as client:
        draft = await client.get("/health?group=some")
        ours = await client.get("/health", headers={"Accept": "application/json"})
        plain = await client.get("/health/orders", headers={"Accept": "text/plain"})

    assert draft.headers["Content-Type"] == "application/health+json"
    assert draft.json()["checks"].keys() == {
        *("orders:responseTime", "orders:connections", "orders:waiting", "orders:maxWait"),
    }
    assert ours.json()["profiles"]["orders"]["server"]["product"] == "SQLite"
    assert plain.text == "healthy\norders healthy ok\n"
    for answer in (draft, ours, plain):
        assert answer.headers["Vary"] == "Accept, Authorization"
        assert "max-age=" in answer.headers["Cache-Control"]


async def test_metrics_are_prometheus_text(registry: Registry, browse: Browse) -> None:
    async with registry, browse(registry) as client:
        async with registry.session("orders"):
            pass
        await client.get("/health")
        answer = await client.get("/metrics")

    names = {family.name for family in text_string_to_metric_families(answer.text)}
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert {"db_client_connection_count", "connmgr_health_status"} <= names


@pytest.mark.parametrize("path", ["/health/nobody", "/health?group=nobody", "/nothing"])
async def test_what_is_not_there_is_not_found(registry: Registry, browse: Browse, path: str) -> None:
    async with registry, browse(registry) as client:
        assert (await client.get(path)).status_code == 404


async def test_a_real_server_answers_head_with_the_same_headers_and_no_body(
    registry: Registry, serve: Browse
) -> None:
    async with registry, serve(registry) as client:
        for path in PATHS:
            got, head = await client.get(path), await client.head(path)
            same = ("content-type", "cache-control")
            assert [got.headers.get(name) for name in same] == [head.headers.get(name) for name in same]
            assert (got.status_code, head.content) == (head.status_code, b"")
        assert (await client.post("/readyz")).status_code == 405

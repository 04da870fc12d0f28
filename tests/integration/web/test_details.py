"""Who is shown more than a word: nobody, those who bring the token, or everybody; a secret never."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from connmgr.registry_settings import WebSettings
from connmgr.web import health_app
from tests.rig.ports import LOOPBACK
from tests.rig.postgres import PostgresServer
from tests.rig.probes import HEALTH_JSON, WELL, Browse, Load, Write, down

TOKEN = "t0ken-canary"
PASSWORD = "passw0rd-canary"
KINDS = (HEALTH_JSON, "application/json", "text/plain")
PAGES = ("/livez", "/readyz", "/startupz", "/health", "/health?group=mine", "/health/orders", "/health/wrong")
WORDS = {
    *('{"status": "pass"}', '{"status": "warn"}', '{"status": "fail"}'),
    *('{"status": "healthy"}', '{"status": "degraded"}', '{"status": "unhealthy"}'),
    *("healthy\n", "degraded\n", "unhealthy\n"),
}
OF_THE_DRAFT = {
    *("componentId", "componentType", "observedValue", "observedUnit", "status", "time", "output"),
}
OURS = {"reason", "critical", "since", "server"}


@pytest.fixture
def profiles(postgres: PostgresServer) -> dict[str, dict[str, object]]:
    """One that is well, one whose password is wrong, one that is down, one that cannot be settled."""
    return {
        "orders": {"url": postgres.url()},
        "wrong": {"url": postgres.url(password=PASSWORD)},
        "away": down(critical=False),
        "unset": {"url": "${NO_SUCH_URL}"},
    }


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def with_token(write_registry_file: Write, token_file: Path) -> Callable[[], None]:
    return lambda: write_registry_file(web={"details": "token", "token": {"file": str(token_file)}})


def shown(answer: httpx.Response) -> str:
    return f"{answer.status_code} {answer.headers!s} {answer.text}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", PAGES)
async def test_never_is_one_word(
    load: Load, browse: Browse, write_registry_file: Write, profiles, kind: str, path: str
) -> None:
    write_registry_file(web={"details": "never"}, groups={"mine": ["orders", "wrong"]})
    async with load(**profiles) as registry, browse(registry) as client:
        answer = await client.get(path, headers={"Accept": kind, "Authorization": f"Bearer {TOKEN}"})

    assert answer.text in WORDS


async def test_never_names_nobody_and_nothing(
    load: Load, browse: Browse, write_registry_file: Write, profiles, postgres: PostgresServer
) -> None:
    write_registry_file(groups={"mine": ["orders", "wrong"]})
    names = (*profiles, "mine", "app", "someuser", LOOPBACK, str(postgres.port), "PostgreSQL", "17.")
    secrets = (postgres.password, PASSWORD, "hidden-canary", TOKEN)
    async with load(**profiles) as registry, browse(registry) as client:
        for path in (*PAGES, "/health/nobody", "/health?group=nobody", "/nothing"):
            for kind in KINDS:
                answer = await client.get(path, headers={"Accept": kind})

                told = answer.text + str({k: v for k, v in answer.headers.items() if k != "content-type"})
                assert not [word for word in (*names, *secrets) if word in told]


@pytest.mark.parametrize("details", ["never", "token", "always"])
async def test_no_secret_is_ever_shown(
    load: Load, browse: Browse, write_registry_file: Write, token_file: Path, profiles, details: str, postgres
) -> None:
    write_registry_file(
        web={"details": details, "token": {"file": str(token_file)}}, groups={"mine": ["orders", "wrong"]}
    )
    secrets = (postgres.password, PASSWORD, "hidden-canary", TOKEN)
    async with load(**profiles) as registry, browse(registry) as client:
        for path in (*PAGES, "/health/unset", "/health/away", "/metrics"):
            for kind in KINDS:
                headers = {"Accept": kind, "Authorization": f"Bearer {TOKEN}"}
                answer = await client.get(path, headers=headers)

                assert not [secret for secret in secrets if secret in shown(answer)]


@pytest.mark.parametrize(
    "authorization",
    [
        *("", "Bearer", "Bearer ", "Bearer wrong", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", TOKEN),
        *(f"Basic {TOKEN}", f"Bearer {TOKEN.upper()}", f"Bearer x {TOKEN}", f"Bearer {TOKEN}, x"),
        *("Bearer \xe9", "Bearer " + "x" * 60_000),
    ],
)
async def test_whoever_does_not_bring_the_token_is_told_one_word(
    load: Load, browse: Browse, with_token: Callable[[], None], authorization: str
) -> None:
    with_token()
    headers = {b"Authorization": authorization.encode("latin-1")}
    async with load(orders=WELL) as registry, browse(registry) as client:
        answer = await client.get("/health", headers=headers)
        metrics = await client.get("/metrics", headers=headers)

    assert (answer.status_code, answer.json()) == (200, {"status": "pass"})
    assert (metrics.status_code, metrics.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert TOKEN not in shown(answer) + shown(metrics)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", ["/readyz", "/startupz", "/health", "/health/orders"])
async def test_the_token_opens_the_details_of_every_page_in_every_kind(
    load: Load, browse: Browse, with_token: Callable[[], None], path: str, kind: str
) -> None:
    with_token()
    async with load(orders=WELL) as registry, browse(registry) as client:
        headers = {"Accept": kind}
        without = await client.get(path, headers=headers)
        answer = await client.get(path, headers={**headers, "Authorization": f"Bearer {TOKEN}"})

    assert without.text in WORDS
    assert "orders" in answer.text


async def test_what_one_was_shown_is_not_shown_to_the_next(
    load: Load, browse: Browse, with_token: Callable[[], None]
) -> None:
    """Within one `ttl` both get the answer of one look."""
    with_token()
    async with load(orders={**WELL, "health": {"ttl": "1h"}}) as registry, browse(registry) as client:
        first = await client.get("/health", headers={"Authorization": f"Bearer {TOKEN}"})
        second = await client.get("/health")

    assert "checks" in first.json()
    assert second.json() == {"status": "pass"}
    assert first.headers["Cache-Control"].startswith("private")
    assert "private" not in second.headers["Cache-Control"]


async def test_everyone_who_brings_the_token_is_let_in_also_at_the_same_time(
    load: Load, browse: Browse, with_token: Callable[[], None]
) -> None:
    with_token()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with load(orders=WELL) as registry, browse(registry) as client:
        answers = await asyncio.gather(*(client.get("/metrics", headers=headers) for _ in range(10)))

    assert [answer.status_code for answer in answers] == [200] * 10


async def test_a_token_of_the_environment_serves_too(
    load: Load, browse: Browse, write_registry_file: Write
) -> None:
    write_registry_file(web={"details": "token", "token": "${HEALTH_TOKEN}"})
    registry = load({"HEALTH_TOKEN": TOKEN}, orders=WELL)
    async with registry, browse(registry) as client:
        answer = await client.get("/health", headers={"Authorization": f"Bearer {TOKEN}"})

    assert "checks" in answer.json()


async def test_a_token_that_cannot_be_had_is_logged_and_closes_the_details(
    load: Load, browse: Browse, write_registry_file: Write, tmp_path: Path, log: list[dict]
) -> None:
    write_registry_file(web={"details": "token", "token": {"file": str(tmp_path / "nowhere")}})
    async with load(orders=WELL) as registry, browse(registry) as client:
        answers = [await client.get("/health", headers={"Authorization": "Bearer x"}) for _ in range(5)]

    errors = [record["message"] for record in log if record["level"].name == "ERROR"]
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, '{"status": "pass"}')}
    assert len(errors) == 1
    assert "web.token" in errors[0]


async def test_always_shows_everybody(load: Load, browse: Browse, write_registry_file: Write) -> None:
    write_registry_file(web={"details": "always"})
    async with load(orders=WELL) as registry, browse(registry) as client:
        answer = await client.get("/readyz")

    assert answer.json()["checks"]["orders:responseTime"][0]["server"]["product"] == "SQLite"


async def test_details_say_of_each_profile_what_is_wrong_with_it(
    load: Load, browse: Browse, write_registry_file: Write, profiles
) -> None:
    write_registry_file(web={"details": "always"})
    async with load(**profiles) as registry, browse(registry) as client:
        checks = (await client.get("/health")).json()["checks"]

    reasons = {name: checks[f"{name}:responseTime"][0]["reason"] for name in profiles}
    assert reasons == {
        "orders": "ok",
        "wrong": "authentication",
        "away": "refused",
        "unset": "misconfigured",
    }


async def test_health_json_has_the_fields_of_the_draft_and_those_that_are_ours(
    load: Load, browse: Browse, write_registry_file: Write, profiles
) -> None:
    write_registry_file(web={"details": "always"})
    async with load(**profiles) as registry, browse(registry) as client:
        answer = await client.get("/health")

    body = answer.json()
    found = {"orders": set(), "wrong": set(), "away": set(), "unset": set()}
    assert body.keys() == {"status", "checks"}
    for key, (check,) in body["checks"].items():
        found[key.partition(":")[0]] |= check.keys()
    assert found == {
        "orders": OF_THE_DRAFT - {"output"} | OURS,
        "wrong": OF_THE_DRAFT | OURS - {"server"},
        "away": OF_THE_DRAFT | OURS - {"server"},
        "unset": OF_THE_DRAFT - {"observedValue", "observedUnit"} | OURS - {"server"},
    }


@pytest.mark.parametrize("write_ahead", [False, True])
async def test_a_sqlite_file_is_told_of_without_its_path(
    load: Load, browse: Browse, write_registry_file: Write, tmp_path: Path, write_ahead: bool
) -> None:
    path = tmp_path / "secretive.db"
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA journal_mode = {'WAL' if write_ahead else 'DELETE'}")
    connection.close()
    write_registry_file(web={"details": "always"})
    async with load(orders={"url": f"sqlite:///{path}"}) as registry, browse(registry) as client:
        answer = await client.get("/health")

    assert answer.json()["status"] == "pass"
    assert str(tmp_path) not in answer.text


async def test_settings_in_the_code_stand_in_for_those_of_the_file(
    load: Load, write_registry_file: Write
) -> None:
    write_registry_file(web={"details": "never"})
    async with load(orders=WELL) as registry:
        app = health_app(registry, settings=WebSettings(details="always"))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://orders") as client:
            answer = await client.get("/health")

    assert "checks" in answer.json()

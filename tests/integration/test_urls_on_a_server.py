"""URLs as people have them, opened on a real server through a whole profile."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import text

from connmgr import Registry
from tests.rig.ports import LOOPBACK, free_port
from tests.rig.postgres import PostgresServer
from tests.rig.profiles import profile, write_profiles
from tests.rig.template import DATABASE, ROLE

AWKWARD = "@:/%#?&=+ $${}'\"\\é,;[]"


async def shown(
    directory: Path, document: dict[str, object], *names: str, environ: Mapping[str, str] | None = None
) -> list[Any]:
    """What the server answers to SHOW for each name, over the profile's own connection."""
    profiles = write_profiles(directory / "profiles", orders=document)
    registry = Registry.load(profiles, environ=environ or {})
    async with registry, registry.connect("orders") as connection:
        return [await connection.scalar(text(f"SHOW {name}")) for name in names]


@pytest.fixture
def awkward(own_postgres: PostgresServer) -> PostgresServer:
    """A server whose password holds every character that a URL has a use for."""
    own_postgres.sql(f"ALTER ROLE {ROLE} PASSWORD :'password'", password=AWKWARD)
    return own_postgres


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
async def test_every_scheme_reaches_the_server(tmp_path: Path, postgres: PostgresServer, scheme: str) -> None:
    url = f"{scheme}://{postgres.url().partition('://')[2]}"

    assert await shown(tmp_path, profile(url), "port") == [str(postgres.port)]


async def test_the_server_sees_the_parameters(tmp_path: Path, postgres: PostgresServer) -> None:
    url = postgres.url(options="-c search_path=tenant -c work_mem=5MB", application_name="from & url")
    url = url.replace("+", "%20")

    answers = await shown(tmp_path, profile(url), "search_path", "work_mem", "application_name")

    assert answers == ["tenant", "5MB", "from & url"]


async def test_a_fallback_name_is_the_application_s(tmp_path: Path, postgres: PostgresServer) -> None:
    url = postgres.url(fallback_application_name="worker")

    assert await shown(tmp_path, profile(url), "application_name") == ["worker"]


@pytest.mark.parametrize(
    "form", ["{user}@{escaped}:{port}/{db}", "{user}@/{db}?host={directory}&port={port}"]
)
async def test_a_socket_is_named_by_its_directory(
    tmp_path: Path, postgres: PostgresServer, form: str
) -> None:
    where = form.format(
        user=ROLE,
        db=DATABASE,
        port=postgres.port,
        directory=postgres.directory,
        escaped=quote(str(postgres.directory), safe=""),
    )

    answers = await shown(tmp_path, profile(f"postgresql://{where}", password=postgres.password), "port")

    assert answers == [str(postgres.port)]


@pytest.mark.parametrize(
    "form", ["{u}:{p}@{h}:{dead},{h}:{port}/{db}", "{u}:{p}@/{db}?host={h},{h}&port={dead},{port}"]
)
async def test_of_several_hosts_a_dead_first_one_is_passed_over(
    tmp_path: Path, postgres: PostgresServer, form: str
) -> None:
    where = form.format(
        u=ROLE, p=postgres.password, h=LOOPBACK, dead=free_port(), port=postgres.port, db=DATABASE
    )

    assert await shown(tmp_path, profile(f"postgresql://{where}"), "port") == [str(postgres.port)]


async def test_hostaddr_is_where_it_connects(tmp_path: Path, postgres: PostgresServer) -> None:
    url = postgres.url(host="nosuch.invalid", hostaddr=LOOPBACK, sslmode="disable")

    assert await shown(tmp_path, profile(url), "port") == [str(postgres.port)]


@pytest.mark.parametrize(
    "form", ["escaped", "parameter", "reference", "key", "variable", "file", "whole url", "connection"]
)
async def test_a_password_of_awkward_characters_survives_every_form(
    tmp_path: Path, awkward: PostgresServer, form: str
) -> None:
    bare = awkward.url(password="")
    before, after = bare.split("@")
    escaped = quote(AWKWARD, safe="")
    (tmp_path / "secret").write_text(AWKWARD, encoding="utf-8")
    (tmp_path / "secret").chmod(0o600)
    words = {"host": LOOPBACK, "port": awkward.port, "user": ROLE, "dbname": DATABASE}
    documents: dict[str, dict[str, object]] = {
        "escaped": profile(f"{before}:{escaped}@{after}"),
        "parameter": profile(f"{bare}?password={escaped}"),
        "reference": profile(f"{before}:${{SECRET}}@{after}"),
        "key": profile(bare, password=AWKWARD.replace("$", "$$")),
        "variable": profile(bare, password={"env": "SECRET"}),
        "file": profile(bare, password={"file": str(tmp_path / "secret")}),
        "whole url": {"url": {"env": "URL"}},
        "connection": {"connection": {**words, "password": "${SECRET}"}},
    }
    environ = {"SECRET": AWKWARD, "URL": f"{before}:{escaped}@{after}"}

    answers = await shown(tmp_path, documents[form], "port", environ=environ)

    assert answers == [str(awkward.port)]


async def test_libpqs_variables_alone_reach_the_server(tmp_path: Path, postgres: PostgresServer) -> None:
    environ = {
        "PGHOST": LOOPBACK,
        "PGPORT": str(postgres.port),
        "PGUSER": ROLE,
        "PGDATABASE": DATABASE,
        "PGPASSWORD": postgres.password,
        "PGTZ": "Asia/Tokyo",
    }

    answers = await shown(tmp_path, {"libpq_env": True}, "port", "timezone", environ=environ)

    assert answers == [str(postgres.port), "Asia/Tokyo"]


async def test_a_service_with_a_password_file_reaches_the_server(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    (tmp_path / "pgpass").write_text(f"*:*:*:*:{postgres.password}\n", encoding="utf-8")
    (tmp_path / "pgpass").chmod(0o600)
    service = f"[orders]\nhost={LOOPBACK}\nport={postgres.port}\nuser={ROLE}\ndbname={DATABASE}\n"
    (tmp_path / "services").write_text(f"{service}passfile={tmp_path}/pgpass\n", encoding="utf-8")

    answers = await shown(
        tmp_path, {"service": "orders"}, "port", environ={"PGSERVICEFILE": str(tmp_path / "services")}
    )

    assert answers == [str(postgres.port)]

"""A password of every awkward character logs in, in whichever way a profile says it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import text

from connmgr import Registry
from tests.rig.postgres import PostgresServer
from tests.rig.profiles import write_profiles

ROLE = "awkward"
# Every printable character of ASCII, what looks like a reference, an escape and a URL, and more than ASCII.
PASSWORD = "".join(map(chr, range(33, 127))) + " ${P} $$ %41 %00 @h:1/x?a=b#c {x} é€𝄞"
QUOTED = quote(PASSWORD, safe="")
WRITTEN = PASSWORD.replace("$", "$$")
PASSFILE = re.sub(r"([\\:])", r"\\\1", PASSWORD)

WAYS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "in the url": ({"url": "postgresql://awkward:" + QUOTED + "@{at}"}, {}),
    "as a parameter": ({"url": "postgresql://awkward@{at}?password=" + QUOTED}, {}),
    "a reference in the url": ({"url": "postgresql://awkward:${P}@{at}"}, {"P": PASSWORD}),
    "a reference with a default": ({"url": "postgresql://awkward:${P:-x}@{at}"}, {"P": PASSWORD}),
    "a reference as a parameter": ({"url": "postgresql://awkward@{at}?password=${P}"}, {"P": PASSWORD}),
    "a url in a variable": ({"url": "${URL}"}, {"URL": "postgresql://awkward:" + QUOTED + "@{at}"}),
    "a url of a variable": ({"url": {"env": "URL"}}, {"URL": "postgresql://awkward:" + QUOTED + "@{at}"}),
    "half a url in a variable": (
        {"url": "${BASE}/orders"},
        {"BASE": "postgresql://awkward:" + QUOTED + "@{server}"},
    ),
    "a text": ({"url": "postgresql://awkward@{at}", "password": WRITTEN}, {}),
    "a reference": ({"url": "postgresql://awkward@{at}", "password": "${P}"}, {"P": PASSWORD}),
    "a variable": ({"url": "postgresql://awkward@{at}", "password": {"env": "P"}}, {"P": PASSWORD}),
    "a file": ({"url": "postgresql://awkward@{at}", "password": {"file": "secret"}}, {}),
    "a command": (
        {"url": "postgresql://awkward@{at}", "password": {"command": ["/bin/cat", "secret"]}},
        {},
    ),
    "connection": ({"connection": {"password": WRITTEN}, "service": "plain"}, {}),
    "connection's variable": (
        {"connection": {"password": {"env": "P"}}, "service": "plain"},
        {"P": PASSWORD},
    ),
    "a service": ({"service": "whole"}, {}),
    "PGPASSWORD": ({"url": "postgresql://awkward@{at}", "libpq_env": True}, {"PGPASSWORD": PASSWORD}),
    "a password file": ({"url": "postgresql://awkward@{at}?passfile={home}/pgpass"}, {}),
    "the home's password file": ({"url": "postgresql://awkward@{at}", "libpq_env": True}, {}),
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def role(postgres: PostgresServer) -> Iterator[None]:
    postgres.sql(f"CREATE ROLE {ROLE} LOGIN PASSWORD :'password'", password=PASSWORD)
    yield
    postgres.sql(f"DROP ROLE {ROLE}")


@pytest.fixture
def home(tmp_path: Path, postgres: PostgresServer) -> Path:
    """A home with the files that hold the password."""
    where = f"host=127.0.0.1\nport={postgres.port}\nuser={ROLE}\ndbname=orders\n"
    files = {
        "secret": f"{PASSWORD}\n",
        "pgpass": f"*:*:*:other:wrong\n127.0.0.1:{postgres.port}:orders:{ROLE}:{PASSFILE}\n",
        ".pg_service.conf": f"[plain]\n{where}\n[whole]\n{where}password={PASSWORD}\n",
    }
    for name, contents in files.items():
        (tmp_path / name).write_text(contents, encoding="utf-8")
        (tmp_path / name).chmod(0o600)
    (tmp_path / ".pgpass").write_bytes((tmp_path / "pgpass").read_bytes())
    (tmp_path / ".pgpass").chmod(0o600)
    return tmp_path


def filled(values: object, places: Mapping[str, str]) -> Any:
    """Put the server's place into nested texts. Not `format`: the password has braces."""
    if isinstance(values, dict):
        return {key: filled(value, places) for key, value in values.items()}
    if isinstance(values, list):
        return [filled(value, places) for value in values]
    if isinstance(values, str):
        for name, place in places.items():
            values = values.replace(name, place)
    return values


@pytest.mark.parametrize("way", WAYS)
async def test_the_password_arrives_whole(home: Path, postgres: PostgresServer, way: str) -> None:
    server = f"127.0.0.1:{postgres.port}"
    places = {"{at}": f"{server}/orders", "{server}": server, "{home}": str(home)}
    document, environ = (filled(part, places) for part in WAYS[way])
    directory = write_profiles(home, db=json.dumps(document, ensure_ascii=False))

    async with (
        Registry.load(directory, environ={"HOME": str(home), **environ}) as registry,
        registry.connect("db") as connection,
    ):
        user = (await connection.execute(text("SELECT current_user"))).scalar_one()

    assert user == ROLE


async def test_a_password_file_that_others_can_read_is_not_used(home: Path, postgres: PostgresServer) -> None:
    url = f"postgresql://{ROLE}@127.0.0.1:{postgres.port}/orders?passfile={home}/pgpass"
    (home / "pgpass").chmod(0o640)
    registry = Registry.load(write_profiles(home, db={"url": url}), environ={})

    async with registry:
        report = await registry.health("db")

    assert report.reason == "misconfigured"


async def test_a_password_file_is_read_at_every_connection(home: Path, postgres: PostgresServer) -> None:
    url = f"postgresql://{ROLE}@127.0.0.1:{postgres.port}/orders?passfile={home}/pgpass"
    document = {"url": url, "pool": {"mode": "none"}}
    line = (home / "pgpass").read_text()
    (home / "pgpass").write_text(line.replace(PASSFILE, "wrong"))

    async with Registry.load(
        write_profiles(home, db=json.dumps(document, ensure_ascii=False)), environ={}
    ) as registry:
        before = await registry.health("db")
        (home / "pgpass").write_text(line)
        async with registry.connect("db") as connection:
            user = (await connection.execute(text("SELECT current_user"))).scalar_one()

    assert before.reason == "authentication"
    assert user == ROLE

"""A URL, a service or variables lead to where they lead libpq itself, on a real server."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import text

from connmgr import Registry
from tests.rig.ports import LOOPBACK, free_port
from tests.rig.postgres import PostgresServer
from tests.rig.profiles import write_profiles
from tests.rig.template import Template

ANSWER = (
    "SELECT concat_ws('|', current_user, current_database(), coalesce(host(inet_server_addr()), 'socket'), "
    "current_setting('port'), current_setting('application_name'), current_setting('search_path'), "
    "current_setting('jit'), current_setting('timezone'))"
)
OPTIONS = quote('-c search_path=a,"b\\ c" -c jit=off --timezone=Asia/Tokyo', safe="")
# The URLs have a password, a port, a port where nobody listens, and the directory of the server's socket.
URLS = {
    "postgresql": "postgresql://app:{password}@127.0.0.1:{port}/orders",
    "postgresql+asyncpg": "postgresql+asyncpg://app:{password}@127.0.0.1:{port}/orders",
    "postgres": "postgres://app:{password}@127.0.0.1:{port}/orders",
    "name": "postgresql://app:{password}@localhost:{port}/orders",
    "escapes": "postgresql://%61pp:{password}@%6cocalhost:{port}/%6frders",
    "parameters": "postgresql://?host=127.0.0.1&port={port}&user=app&password={password}&dbname=orders",
    "no database": "postgresql://orders_owner:{password}@127.0.0.1:{port}",
    "hostaddr": "postgresql://app:{password}@nowhere.invalid:{port}/orders?hostaddr=127.0.0.1",
    "socket": "postgresql://app:{password}@/orders?host={socket}&port={port}",
    "socket as host": "postgresql://app:{password}@{escaped}:{port}/orders",
    "first dead": "postgresql://app:{password}@127.0.0.1:{dead},127.0.0.1:{port}/orders",
    "first dead, parameters": "postgresql://app:{password}@/orders?host=127.0.0.1,127.0.0.1&port={dead},{port}",
    "first unknown": "postgresql://app:{password}@nowhere.invalid,localhost/orders?port={port}&sslmode=prefer",
    "first not read-write": "postgresql://app:{password}@127.0.0.1:{port}/orders?target_session_attrs=read-write",
    "name of the program": "postgresql://app:{password}@127.0.0.1:{port}/orders?application_name=a%20%26%20b",
    "other name": "postgresql://app:{password}@127.0.0.1:{port}/orders?fallback_application_name=other",
    "options": "postgresql://app:{password}@127.0.0.1:{port}/orders?options=" + OPTIONS,
    "TLS if there is": "postgresql://app:{password}@127.0.0.1:{port}/orders?sslmode=prefer&gssencmode=disable",
    "keepalive": "postgresql://app:{password}@127.0.0.1:{port}/orders?keepalives=1&keepalives_idle=5&connect_timeout=9",
}


@pytest.fixture(scope="module")
def owner(postgres: PostgresServer):
    """A role with a database of its own name, and the password of `app`."""
    name = "orders_owner"
    postgres.sql(f"CREATE ROLE {name} LOGIN PASSWORD :'password'", password=postgres.password)
    postgres.sql(f"CREATE DATABASE {name} OWNER {name}")
    yield name
    postgres.sql(f"DROP DATABASE {name}")
    postgres.sql(f"DROP ROLE {name}")


@pytest.fixture
def filled(postgres: PostgresServer):
    """Put the server's own values into a text."""
    values = {
        "password": postgres.password,
        "port": str(postgres.port),
        "dead": str(free_port()),
        "socket": str(postgres.directory),
        "escaped": quote(str(postgres.directory), safe=""),
    }

    def fill(written: str) -> str:
        return written.format(**values)

    return fill


async def ours(directory: Path, document: Mapping[str, object], environ: Mapping[str, str]) -> str:
    write_profiles(directory, db=json.dumps(document))
    async with Registry.load(directory, environ=environ) as registry, registry.connect("db") as connection:
        answer = (await connection.execute(text(ANSWER))).scalar_one()
    assert isinstance(answer, str)
    return answer


def theirs(template: Template, url: str, environ: Mapping[str, str]) -> str:
    done = subprocess.run(
        [template.binaries / "psql", "-X", "-A", "-t", "-w", "-c", ANSWER, url],
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize("form", URLS)
async def test_a_url_leads_to_where_it_leads_libpq(
    postgres_template: Template, tmp_path: Path, filled, form: str
) -> None:
    url = filled(URLS[form])
    # psql has a name of its own for when there is none.
    named = {"PGAPPNAME": "other" if form == "other name" else "connmgr/db"}

    answer = await ours(tmp_path, {"url": url}, {})

    assert answer == theirs(postgres_template, url.replace("+asyncpg", ""), named)


async def test_the_words_of_a_connection_lead_there_too(
    postgres_template: Template, tmp_path: Path, postgres: PostgresServer
) -> None:
    words = {"host": LOOPBACK, "port": postgres.port, "user": "app", "dbname": "orders", "sslmode": "prefer"}
    options = {"application_name": "a & b", "options": "-c search_path=a,b -c jit=off"}

    answer = await ours(tmp_path, {"connection": words | options, "password": postgres.password}, {})

    url = f"{postgres.url()}?application_name=a%20%26%20b&options=-c%20search_path%3Da,b%20-c%20jit%3Doff"
    assert answer == theirs(postgres_template, url, {})


SERVICE = """[orders]
host=127.0.0.1
port={port}
user=app
password={password}
dbname=orders
application_name=served
"""


@pytest.mark.parametrize("asked", ["service", "servicefile", "parameter", "variable"])
async def test_a_service_says_where_the_database_is(
    postgres_template: Template, tmp_path: Path, filled, asked: str
) -> None:
    (tmp_path / ".pg_service.conf").write_text(filled(SERVICE))
    home = {"HOME": str(tmp_path)}
    document, environ = {
        "service": ({"service": "orders"}, home),
        "servicefile": (
            {"connection": {"service": "orders", "servicefile": str(tmp_path / ".pg_service.conf")}},
            {},
        ),
        "parameter": ({"url": "postgresql:///?service=orders"}, home),
        "variable": ({"libpq_env": True}, {**home, "PGSERVICE": "orders"}),
    }[asked]

    answer = await ours(tmp_path / "profiles", document, environ)

    assert answer == theirs(postgres_template, "service=orders", home)


async def test_what_the_profile_says_comes_before_the_service_and_that_before_variables(
    tmp_path: Path, postgres: PostgresServer, filled
) -> None:
    (tmp_path / ".pg_service.conf").write_text(filled(SERVICE))
    environ = {
        "HOME": str(tmp_path),
        "PGSERVICE": "orders",
        "PGAPPNAME": "variable",
        "PGDATABASE": "elsewhere",
        "PGHOST": "nowhere.invalid",
        "PGOPTIONS": "-c search_path=variable",
        "PGTZ": "Asia/Tokyo",
    }

    answer = await ours(
        tmp_path / "profiles",
        {"connection": {"application_name": "profile"}, "libpq_env": True},
        environ,
    )

    user, dbname, address, port, name, path, _, timezone = answer.split("|")
    assert (user, dbname, address, port) == ("app", "orders", LOOPBACK, str(postgres.port))
    assert (name, path, timezone) == ("profile", "variable", "Asia/Tokyo")


async def test_libpqs_variables_say_it_when_they_are_asked(
    postgres_template: Template, tmp_path: Path, filled
) -> None:
    environ = {
        "PGHOST": "127.0.0.1,127.0.0.1",
        "PGPORT": filled("{dead},{port}"),
        "PGUSER": "app",
        "PGDATABASE": "orders",
        "PGPASSWORD": filled("{password}"),
        "PGAPPNAME": "from variables",
        "PGOPTIONS": '-c search_path="a\\ b"',
        "PGTZ": "Asia/Tokyo",
        "PGTARGETSESSIONATTRS": "primary",
        "PGCONNECT_TIMEOUT": "9",
    }

    answer = await ours(tmp_path, {"libpq_env": True}, environ)

    assert answer == theirs(postgres_template, "", environ)

"""Nothing outside the profile decides where a connection goes: no PG* variable, no file in HOME."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.rig.postgres import PostgresServer
from tests.rig.wire import Ending, ScriptedServer

VARIABLES = {
    "PGHOST": "127.0.0.9",
    "PGPORT": "1",
    "PGUSER": "mallory",
    "PGDATABASE": "elsewhere",
    "PGAPPNAME": "from-the-environment",
    "PGOPTIONS": "-c search_path=elsewhere",
    "PGSSLMODE": "verify-full",
    "PGSSLROOTCERT": "/nowhere/root.crt",
    "PGSSLCERT": "/nowhere/client.crt",
    "PGSSLKEY": "/nowhere/client.key",
    "PGSSLNEGOTIATION": "direct",
    "PGTARGETSESSIONATTRS": "standby",
    "PGSERVICE": "elsewhere",
    "PGCONNECT_TIMEOUT": "1",
    "PGCLIENTENCODING": "LATIN1",
    "PGTZ": "Asia/Tokyo",
}


@pytest.fixture
def hostile_home(tmp_path: Path, postgres: PostgresServer) -> dict[str, str]:
    """A home with files that libpq would read, and variables that point to more of them."""
    home = tmp_path / "home"
    (home / ".postgresql").mkdir(parents=True)
    (home / ".postgresql" / "root.crt").write_text("garbage")
    (home / ".postgresql" / "postgresql.crt").write_text("garbage")
    (home / ".postgresql" / "postgresql.key").write_text("garbage")
    service = home / ".pg_service.conf"
    service.write_text("[elsewhere]\nhost=127.0.0.9\nport=1\nuser=mallory\n")
    passwords = home / ".pgpass"
    passwords.write_text(f"*:*:*:*:{postgres.password}\n")
    passwords.chmod(0o600)
    return {
        "PGPASSWORD": postgres.password,
        "HOME": str(home),
        "PGPASSFILE": str(passwords),
        "PGSERVICEFILE": str(service),
    }


async def test_a_connection_takes_nothing_from_the_environment_or_the_home(
    connmgr, write, postgres, hostile_home
):
    write(db={"url": postgres.url()})

    status, out, err = await connmgr("health", "--json", **VARIABLES, **hostile_home)

    assert (status, err) == (0, "")
    assert json.loads(out)["profiles"]["db"]["server"]["product"] == "PostgreSQL"


async def test_no_password_is_taken_from_the_environment_or_the_home(connmgr, write, postgres, hostile_home):
    write(db={"url": postgres.url(password="")})

    status, out, _ = await connmgr("health", "--json", **hostile_home)

    assert status == 1
    assert json.loads(out)["profiles"]["db"]["reason"] == "authentication"


async def test_a_login_says_what_the_profile_says_and_nothing_else(connmgr, write, hostile_home):
    async with ScriptedServer(Ending.CLOSE) as server:
        write(db={"url": f"postgresql://app@127.0.0.1:{server.port}/orders?sslmode=disable"})

        await connmgr("health", **VARIABLES, **hostile_home)

    assert [(said["user"], said["database"]) for said in server.startups] == [("app", "orders")]
    assert server.startups[0]["application_name"] == "connmgr/db"
    assert set(server.startups[0]) <= {"user", "database", "application_name", "client_encoding"}

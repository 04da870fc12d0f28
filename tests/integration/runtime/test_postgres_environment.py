"""A profile alone decides: libpq's environment variables and files in the home folder have no effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from connmgr import Registry
from tests.rig.pki import Pki
from tests.rig.postgres import PostgresServer
from tests.rig.refusals import REFUSED
from tests.rig.template import Template

Load = Callable[..., Registry]
HOSTILE = {
    "PGHOST": "192.0.2.1",
    "PGPORT": "1",
    "PGUSER": "nobody",
    "PGPASSWORD": "wrong",
    "PGDATABASE": "nowhere",
    "PGSSLMODE": "verify-full",
    "PGSSLNEGOTIATION": "direct",
    "PGSSLROOTCERT": "/nonexistent/root.crt",
    "PGSSLCERT": "/nonexistent/client.crt",
    "PGSSLKEY": "/nonexistent/client.key",
    "PGSSLCRL": "/nonexistent/root.crl",
    "PGSSLMINPROTOCOLVERSION": "none",
    "PGSERVICE": "nowhere",
    "PGSERVICEFILE": "/nonexistent/service",
    "PGAPPNAME": "somebody else",
    "PGOPTIONS": "-c statement_timeout=1",
    "PGTARGETSESSIONATTRS": "standby",
    "PGCONNECT_TIMEOUT": "0",
    "PGKRBSRVNAME": "nobody",
    "PGGSSLIB": "none",
}
FACTS = text(
    "SELECT current_user::text, current_database()::text, current_setting('application_name'),"
    " current_setting('statement_timeout')"
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder of its own."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    return home


@pytest.fixture(scope="module")
def tls_server(postgres_template: Template, pki: Pki) -> Iterator[PostgresServer]:
    with PostgresServer(postgres_template, tls=pki.tls()) as server:
        yield server


async def login(load: Load, url: str) -> tuple[str, ...]:
    async with load(orders={"url": url}) as registry, registry.session("orders") as session:
        return tuple((await session.execute(FACTS)).one())


async def test_no_variable_of_libpqs_changes_a_connection(
    load: Load, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = await login(load, postgres.url())
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)

    assert await login(load, postgres.url()) == plain
    assert plain[:2] == ("app", "orders")


@pytest.mark.parametrize("given", ["~/.pgpass", "PGPASSFILE", "PGPASSWORD"])
async def test_a_password_is_never_taken_from_where_the_profile_does_not_say(
    load: Load, postgres: PostgresServer, home: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    passfile = home / ".pgpass"
    passfile.write_text(f"*:*:*:*:{postgres.password}\n")
    passfile.chmod(0o600)
    if given == "PGPASSFILE":
        monkeypatch.setenv("PGPASSFILE", str(passfile.rename(home / "passwords")))
    if given == "PGPASSWORD":
        passfile.unlink()
        monkeypatch.setenv("PGPASSWORD", postgres.password)

    with pytest.raises(REFUSED, match="password authentication failed"):
        await login(load, postgres.url(password=""))


async def test_a_root_certificate_in_the_home_folder_vouches_for_nobody(
    load: Load, tls_server: PostgresServer, pki: Pki, home: Path
) -> None:
    (home / ".postgresql").mkdir()
    (home / ".postgresql" / "root.crt").write_bytes(pki.ca.read_bytes())

    with pytest.raises(OSError, match="certificate verify failed"):
        await login(load, tls_server.url(sslmode="verify-full"))


async def test_a_broken_root_certificate_in_the_home_folder_breaks_nothing(
    load: Load, tls_server: PostgresServer, home: Path
) -> None:
    (home / ".postgresql").mkdir()
    for name in ("root.crt", "postgresql.crt", "postgresql.key", "root.crl"):
        (home / ".postgresql" / name).write_text("no certificate")

    assert (await login(load, tls_server.url(sslmode="require")))[0] == "app"

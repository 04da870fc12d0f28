"""TLS to a real PostgreSQL: who is trusted, who is refused, and what goes on in clear."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from connmgr import Registry
from tests.rig.access import Access
from tests.rig.pki import Pki
from tests.rig.postgres import PostgresServer
from tests.rig.refusals import REFUSED
from tests.rig.template import Template

Load = Callable[..., Registry]
IN_TLS = text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")


async def in_tls(load: Load, url: str) -> Any:
    """Whether the server sees TLS on a connection of the profile with this URL."""
    async with load(orders={"url": url}) as registry, registry.session("orders") as session:
        return (await session.execute(IN_TLS)).scalar_one()


@pytest.fixture(scope="module")
def server(postgres_template: Template, pki: Pki) -> Iterator[PostgresServer]:
    """Wants TLS and a password; its certificate is right."""
    with PostgresServer(postgres_template, tls=pki.tls()) as server:
        yield server


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_verify_full_with_the_right_authority_is_encrypted(
    load: Load, server: PostgresServer, pki: Pki, host: str
) -> None:
    url = server.url(host=host, sslmode="verify-full", sslrootcert=str(pki.ca))

    assert await in_tls(load, url) is True


async def test_verify_full_without_a_root_certificate_trusts_the_system_alone(
    load: Load, server: PostgresServer
) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        await in_tls(load, server.url(sslmode="verify-full"))


async def test_another_authority_is_refused(load: Load, server: PostgresServer, pki: Pki) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        await in_tls(load, server.url(sslmode="verify-full", sslrootcert=str(pki.other_ca)))


async def test_a_certificate_for_another_host_is_refused_by_verify_full_alone(
    load: Load, postgres_template: Template, pki: Pki
) -> None:
    with PostgresServer(postgres_template, tls=pki.tls(pki.other_host_server)) as server:
        ca = str(pki.ca)
        with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
            await in_tls(load, server.url(sslmode="verify-full", sslrootcert=ca))

        assert await in_tls(load, server.url(sslmode="verify-ca", sslrootcert=ca)) is True


async def test_an_expired_certificate_is_refused(load: Load, postgres_template: Template, pki: Pki) -> None:
    with (
        PostgresServer(postgres_template, tls=pki.tls(pki.expired_server)) as server,
        pytest.raises(ssl.SSLCertVerificationError, match="expired"),
    ):
        await in_tls(load, server.url(sslmode="verify-full", sslrootcert=str(pki.ca)))


async def test_a_client_certificate_logs_in_without_a_password(
    load: Load, postgres_template: Template, pki: Pki
) -> None:
    with PostgresServer(postgres_template, tls=pki.tls(access=Access.CERTIFICATE)) as server:
        verified = {"sslmode": "verify-full", "sslrootcert": str(pki.ca)}
        ours = {"sslcert": str(pki.client.certificate), "sslkey": str(pki.client.key)}
        others = {"sslcert": str(pki.other_client.certificate), "sslkey": str(pki.other_client.key)}

        assert await in_tls(load, server.url(password="", **verified, **ours)) is True
        with pytest.raises(REFUSED, match="certificate authentication failed"):
            await in_tls(load, server.url(password="", **verified, **others))


async def test_on_loopback_tls_is_used_where_the_server_has_it(load: Load, server: PostgresServer) -> None:
    assert await in_tls(load, server.url()) is True


async def test_on_loopback_a_server_without_tls_is_used_in_clear(
    load: Load, postgres: PostgresServer
) -> None:
    assert await in_tls(load, postgres.url()) is False


@pytest.mark.parametrize("sslmode", ["require", "verify-ca", "verify-full"])
async def test_a_mode_that_demands_tls_never_goes_on_in_clear(
    load: Load, postgres: PostgresServer, pki: Pki, sslmode: str
) -> None:
    with pytest.raises(ConnectionError, match="rejected SSL upgrade"):
        await in_tls(load, postgres.url(sslmode=sslmode, sslrootcert=str(pki.ca)))


async def test_disable_goes_in_clear_and_a_server_that_wants_tls_refuses_it(
    load: Load, server: PostgresServer, postgres: PostgresServer
) -> None:
    assert await in_tls(load, postgres.url(sslmode="disable")) is False
    with pytest.raises(REFUSED, match="no encryption"):
        await in_tls(load, server.url(sslmode="disable"))


async def test_allow_goes_on_with_tls_where_the_server_wants_it(
    load: Load, server: PostgresServer, postgres: PostgresServer
) -> None:
    assert await in_tls(load, server.url(sslmode="allow")) is True
    assert await in_tls(load, postgres.url(sslmode="allow")) is False

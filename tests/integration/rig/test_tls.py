"""The rig's certificates and TLS servers let in and refuse whom they should, as asyncpg sees it."""

from __future__ import annotations

import ssl

import asyncpg
import pytest

from tests.rig.access import Access
from tests.rig.client import connected
from tests.rig.postgres import PostgresServer

# A server that ends the handshake for want of a certificate may be heard as a lost connection.
REFUSED_IN_THE_HANDSHAKE = (ssl.SSLError, asyncpg.PostgresConnectionError, ConnectionError)
IN_TLS = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


def verify_full(ca, client=None):
    context = ssl.create_default_context(cafile=ca)
    if client:
        context.load_cert_chain(client.certificate, client.key)
    return context


@pytest.fixture(scope="module")
def server(postgres_template, pki):
    """Wants TLS and a password."""
    with PostgresServer(postgres_template, tls=pki.tls()) as server:
        yield server


@pytest.fixture(scope="module")
def certificate_server(postgres_template, pki):
    """Wants TLS and a certificate."""
    with PostgresServer(postgres_template, tls=pki.tls(access=Access.CERTIFICATE)) as server:
        yield server


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_the_right_certificate_passes_verify_full(server, pki, host):
    async with connected(server.url(host=host), ssl=verify_full(pki.ca)) as connection:
        assert await connection.fetchval(IN_TLS) is True


async def test_a_wrong_password_over_tls_is_refused_by_its_sqlstate(server, pki):
    with pytest.raises(asyncpg.InvalidPasswordError) as refused:
        await asyncpg.connect(server.url(password="wrong"), ssl=verify_full(pki.ca))

    assert refused.value.sqlstate == "28P01"


async def test_a_client_without_tls_is_28000(server):
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError) as refused:
        await asyncpg.connect(server.url(), ssl=False)

    assert refused.value.sqlstate == "28000"


async def test_a_client_that_trusts_another_ca_refuses_the_server(server, pki):
    with pytest.raises(ssl.SSLCertVerificationError, match="self-signed certificate in certificate chain"):
        await asyncpg.connect(server.url(), ssl=verify_full(pki.other_ca))


@pytest.mark.parametrize(
    ("shown", "complaint"),
    [("expired_server", "certificate has expired"), ("other_host_server", "not valid for '127.0.0.1'")],
)
async def test_a_wrong_server_certificate_is_refused(postgres_template, pki, shown, complaint):
    tls = pki.tls(getattr(pki, shown))

    with (
        PostgresServer(postgres_template, tls=tls) as server,
        pytest.raises(ssl.SSLCertVerificationError, match=complaint),
    ):
        await asyncpg.connect(server.url(), ssl=verify_full(pki.ca))


async def test_a_client_certificate_stands_for_the_role_it_names(certificate_server, pki):
    url = certificate_server.url(password="")

    async with connected(url, ssl=verify_full(pki.ca, pki.client)) as connection:
        assert await connection.fetchval("SELECT current_user::text") == "app"


async def test_a_certificate_for_another_role_is_28000(certificate_server, pki):
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await asyncpg.connect(certificate_server.url(), ssl=verify_full(pki.ca, pki.other_client))


async def test_no_client_certificate_is_28000(certificate_server, pki):
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await asyncpg.connect(certificate_server.url(), ssl=verify_full(pki.ca))


async def test_a_client_certificate_of_an_unknown_ca_is_refused(certificate_server, pki):
    with pytest.raises(REFUSED_IN_THE_HANDSHAKE):
        await asyncpg.connect(certificate_server.url(), ssl=verify_full(pki.ca, pki.unknown_client))


async def test_password_and_certificate_may_both_be_asked_for(postgres_template, pki):
    tls = pki.tls(access=Access.PASSWORD_AND_CERTIFICATE)
    context = verify_full(pki.ca, pki.client)

    with PostgresServer(postgres_template, tls=tls) as server:
        async with connected(server.url(), ssl=context) as connection:
            assert await connection.fetchval(IN_TLS) is True
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(server.url(password="wrong"), ssl=context)
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await asyncpg.connect(server.url(), ssl=verify_full(pki.ca))


async def test_a_server_can_lose_its_tls(postgres_template, pki):
    with PostgresServer(postgres_template, tls=pki.tls(access=Access.OPTIONAL)) as server:
        server.stop()
        server.tls = None
        server.start()

        with pytest.raises(ConnectionError, match="SSL"):
            await asyncpg.connect(server.url(), ssl=verify_full(pki.ca))

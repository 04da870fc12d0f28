"""Protocol versions, and TLS from the first byte on (`sslnegotiation: direct`)."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from connmgr.engine.tls import build_context
from connmgr.target import PostgresTarget, Server, SSLMode
from tests.rig.pki import Pki
from tests.rig.ports import LOOPBACK

SERVER = Server("localhost")
PATIENCE = 5.0


def context_for(sslmode: SSLMode = "require", **words: Any) -> ssl.SSLContext:
    return build_context(PostgresTarget((SERVER,), "orders", "app", None, sslmode, "rig", **words), SERVER)


@asynccontextmanager
async def tls_server(pki: Pki, *, alpn: str | None = None, version: str | None = None) -> AsyncIterator[int]:
    """Shake hands with one client, as a server that knows this protocol and this version alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.server.certificate, pki.server.key)
    if alpn:
        context.set_alpn_protocols([alpn])
    if version:
        context.minimum_version = context.maximum_version = ssl.TLSVersion[version]

    def serve() -> None:
        plain, _ = listener.accept()
        plain.settimeout(PATIENCE)
        with plain:
            try:
                with context.wrap_socket(plain, server_side=True) as tls:
                    tls.recv(1)
            except OSError:
                pass  # the client would have none of it, which is what the test looks at

    with socket.create_server((LOOPBACK, 0)) as listener:
        listener.settimeout(PATIENCE)
        serving = asyncio.create_task(asyncio.to_thread(serve))
        try:
            yield listener.getsockname()[1]
        finally:
            await serving


async def agreed(context: ssl.SSLContext, port: int) -> str:
    """Shake hands; the protocol that both sides agreed on."""
    _, writer = await asyncio.open_connection(LOOPBACK, port, ssl=context)
    tls = writer.get_extra_info("ssl_object")
    writer.transport.abort()
    return f"{tls.version()} {tls.selected_alpn_protocol()}"


async def test_tls_1_2_is_the_oldest_that_is_spoken_unless_a_profile_says_otherwise(pki: Pki) -> None:
    assert context_for().minimum_version is ssl.TLSVersion.TLSv1_2
    assert context_for(ssl_min_protocol_version="TLSv1").minimum_version is ssl.TLSVersion.TLSv1

    async with tls_server(pki, version="TLSv1_2") as port:
        assert await agreed(context_for(), port) == "TLSv1.2 None"


async def test_a_server_older_than_the_minimum_is_refused(pki: Pki) -> None:
    async with tls_server(pki, version="TLSv1_2") as port:
        with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
            await agreed(context_for(ssl_min_protocol_version="TLSv1.3"), port)


async def test_nothing_newer_than_the_maximum_is_spoken(pki: Pki) -> None:
    async with tls_server(pki) as port:
        assert await agreed(context_for(ssl_max_protocol_version="TLSv1.2"), port) == "TLSv1.2 None"


@pytest.mark.parametrize("negotiation", ["postgres", "direct"])
async def test_a_server_that_says_that_it_speaks_postgresql_is_taken(pki: Pki, negotiation: str) -> None:
    async with tls_server(pki, alpn="postgresql") as port:
        protocol = await agreed(context_for(sslnegotiation=negotiation), port)

    assert protocol == "TLSv1.3 postgresql"


async def test_direct_refuses_a_server_that_does_not_say_so(pki: Pki) -> None:
    async with tls_server(pki) as port:
        with pytest.raises(ssl.SSLError, match="sslnegotiation 'direct': the server did not say"):
            await agreed(context_for(sslnegotiation="direct"), port)


@pytest.mark.parametrize("sslmode", ["allow", "prefer"])
def test_direct_is_refused_with_a_mode_that_goes_on_in_clear_text(sslmode: SSLMode) -> None:
    with pytest.raises(ssl.SSLError, match=f"sslnegotiation 'direct' cannot be had with sslmode '{sslmode}'"):
        context_for(sslmode, sslnegotiation="direct")


@pytest.mark.parametrize("sslcrl", ["/nosuch/root.crl", "/"])
def test_a_list_that_cannot_be_read_is_refused_and_not_left_out(pki: Pki, sslcrl: str) -> None:
    with pytest.raises(ssl.SSLError, match=f"sslcrl '{sslcrl}': .*; expected a readable file"):
        context_for("verify-full", sslrootcert=str(pki.ca), sslcrl=sslcrl)

"""A TLS server on loopback that tells its client what it saw of it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable

import pytest

from tests.rig.pki import Pki
from tests.rig.ports import LOOPBACK

PATIENCE = 5.0


@pytest.fixture
def serve_tls(pki: Pki) -> Callable[..., contextlib.AbstractAsyncContextManager[int]]:
    """Serve one client with the certificate for localhost and 127.0.0.1; gives the port.

    The client is told which name it asked for and whose certificate it showed. On exit it was served.
    """

    @contextlib.asynccontextmanager
    async def serve(*, client_certificates: bool = False) -> AsyncIterator[int]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki.server.certificate, pki.server.key)
        if client_certificates:
            context.load_verify_locations(pki.ca)
            context.verify_mode = ssl.CERT_REQUIRED
        with socket.create_server((LOOPBACK, 0)) as listener:
            listener.settimeout(PATIENCE)
            # In a thread: an asyncio server would not wait for a handshake that its client breaks off,
            # and the loop would end with that connection open.
            serving = asyncio.create_task(asyncio.to_thread(_serve_one, listener, context))
            try:
                yield listener.getsockname()[1]
            finally:
                await serving

    return serve


def _serve_one(listener: socket.socket, context: ssl.SSLContext) -> None:
    asked: list[str | None] = []
    context.sni_callback = lambda _peer, name, _context: asked.append(name)
    plain, _ = listener.accept()
    plain.settimeout(PATIENCE)
    with plain, contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as tls:
        subject = (tls.getpeercert() or {}).get("subject")
        tls.sendall(f"asked for {asked[0]}, client {subject}\n".encode())

"""Which failures of the first transport let the second be tried (`sslmode: prefer` and `allow`)."""

from __future__ import annotations

import asyncio
import ssl

import asyncpg
import pytest

from connmgr.engine.tls import build_context, may_try_other_transport
from connmgr.profile import PostgresTarget


async def failure_of_login(*answers: bytes) -> BaseException:
    """Log in over TLS at a server that gives these answers, the first to the request for TLS."""
    context = build_context(PostgresTarget("localhost", 5432, "orders", "app", None, "prefer", "connmgr"))
    assert context is not None

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.read(1000)
            writer.write(answer)
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Exception) as caught:  # noqa: PT011 - its class is what the test is about
            await asyncpg.connect(
                host="127.0.0.1", port=port, user="app", password="x", ssl=context, timeout=5
            )
    return caught.value


async def test_a_server_that_refuses_tls_may_be_tried_in_the_clear() -> None:
    failure = await failure_of_login(b"N")

    assert type(failure) is ConnectionError
    assert may_try_other_transport(failure)


async def test_a_handshake_that_fails_may_be_tried_in_the_clear() -> None:
    failure = await failure_of_login(b"S", b"this is not TLS")

    assert isinstance(failure, ssl.SSLError)
    assert may_try_other_transport(failure)


def test_a_server_that_wants_the_other_transport_may_be_tried_with_it() -> None:
    failure = asyncpg.InvalidAuthorizationSpecificationError("no pg_hba.conf entry for host, no encryption")

    assert may_try_other_transport(failure)


@pytest.mark.parametrize(
    "failure",
    [
        TimeoutError(),
        ConnectionRefusedError(111, "Connect call failed"),
        ConnectionResetError(104, "Connection reset by peer"),
        asyncpg.InvalidPasswordError('password authentication failed for user "app"'),
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.TooManyConnectionsError("sorry, too many clients already"),
        asyncio.CancelledError(),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_a_failure_that_both_transports_share_is_not_tried_again(failure: BaseException) -> None:
    assert not may_try_other_transport(failure)

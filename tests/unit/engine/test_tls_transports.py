"""Which failures of the first transport let the second be tried (`sslmode: prefer` and `allow`)."""

from __future__ import annotations

import asyncio
import ssl

import asyncpg
import pytest

from connmgr.engine.tls import build_context
from connmgr.engine.transports import may_try_other_transport, transports
from connmgr.target import PostgresTarget, Server, SSLMode

SERVER = Server("localhost")
TARGET = PostgresTarget((SERVER,), "orders", "app", None, "prefer", "connmgr")


@pytest.mark.parametrize(
    ("sslmode", "order"),
    [
        ("allow", ["clear", "encrypted"]),
        ("prefer", ["encrypted", "clear"]),
        ("require", ["encrypted"]),
        ("verify-ca", ["encrypted"]),
        ("verify-full", ["encrypted"]),
    ],
)
def test_the_order_of_transports_is_libpqs(sslmode: SSLMode, order: list[str]) -> None:
    context = build_context(TARGET, SERVER)

    assert transports(sslmode, context) == tuple(context if way == "encrypted" else None for way in order)


def test_what_is_never_encrypted_has_the_clear_transport_alone() -> None:
    assert transports("disable", None) == (None,)


async def failure_of_login(*answers: bytes) -> BaseException:
    """Log in over TLS at a server that gives these answers, the first to the request for TLS."""
    context = build_context(TARGET, SERVER)

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
    assert may_try_other_transport(failure, encrypted=True)


async def test_a_handshake_that_fails_may_be_tried_in_the_clear() -> None:
    failure = await failure_of_login(b"S", b"this is not TLS")

    assert isinstance(failure, ssl.SSLError)
    assert may_try_other_transport(failure, encrypted=True)


async def test_a_connection_that_ends_in_the_handshake_may_be_tried_in_the_clear() -> None:
    failure = await failure_of_login(b"S", b"")

    assert isinstance(failure, ConnectionResetError)
    assert may_try_other_transport(failure, encrypted=True)
    assert not may_try_other_transport(failure, encrypted=False), "clear text had no handshake to end in"


@pytest.mark.parametrize("encrypted", [True, False])
def test_a_server_that_wants_the_other_transport_may_be_tried_with_it(encrypted: bool) -> None:
    failure = asyncpg.InvalidAuthorizationSpecificationError("no pg_hba.conf entry for host, no encryption")

    assert may_try_other_transport(failure, encrypted=encrypted)


@pytest.mark.parametrize("encrypted", [True, False])
@pytest.mark.parametrize(
    "failure",
    [
        TimeoutError(),
        ConnectionRefusedError(111, "Connect call failed"),
        asyncpg.InvalidPasswordError('password authentication failed for user "app"'),
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.TooManyConnectionsError("sorry, too many clients already"),
        asyncio.CancelledError(),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_a_failure_that_both_transports_share_is_not_tried_again(
    failure: BaseException, encrypted: bool
) -> None:
    assert not may_try_other_transport(failure, encrypted=encrypted)

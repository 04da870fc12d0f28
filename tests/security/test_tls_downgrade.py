"""A mode that demands TLS says nothing to a server that gives none: no startup message, no password."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from connmgr.engine.drivers import build_driver
from connmgr.target import Server
from tests.rig.driver import settings_for
from tests.rig.listener import Link, Listener
from tests.rig.pki import Pki
from tests.rig.wire import SSL_REQUEST, Ending, ScriptedServer, Tls

PASSWORD = "c4n4ry-password"
DEMANDING = ["require", "verify-ca", "verify-full"]
REQUEST = (8).to_bytes(4, "big") + SSL_REQUEST.to_bytes(4, "big")
CLEAR_TEXT_PASSWORD_PLEASE = b"R" + (8).to_bytes(4, "big") + (3).to_bytes(4, "big")
CLIENT_HELLO = b"\x16\x03"


class Stripper(Listener):
    """Answers the first bytes of a client with `answer` and keeps all that it is told."""

    def __init__(self, answer: bytes) -> None:
        super().__init__()
        self.answer = answer
        self.told = b""

    async def serve(self, link: Link) -> None:
        """Answer once, then listen until the client hangs up."""
        self.told += await link.reader.readexactly(len(REQUEST))
        link.client.write(self.answer)
        while more := await link.reader.read(1000):
            self.told += more


async def fail_to_connect(port: int, **words: Any) -> Exception:
    driver = build_driver(
        settings_for(Server("localhost", port, "127.0.0.1"), password=PASSWORD, connect=2.0, **words)
    )
    with pytest.raises(Exception) as caught:  # noqa: PT011 - what matters is what was sent before
        async with asyncio.timeout(2.0):
            await driver.connect()
    return caught.value


@pytest.mark.parametrize("sslmode", DEMANDING)
async def test_a_server_that_answers_no_is_told_nothing(pki: Pki, sslmode: str) -> None:
    async with ScriptedServer(Ending.CLOSE, tls=Tls.REFUSE) as server:
        error = await fail_to_connect(server.port, sslmode=sslmode, sslrootcert=str(pki.ca))

    assert (server.startups, server.received) == ([], len(REQUEST))
    (note,) = error.__notes__
    assert f"sslmode '{sslmode}' with sslrootcert" in note
    assert f"localhost:{server.port} has no TLS; turn it on there" in note


@pytest.mark.parametrize("sslmode", DEMANDING)
@pytest.mark.parametrize(
    "answer",
    [
        CLEAR_TEXT_PASSWORD_PLEASE,
        b"N" + CLEAR_TEXT_PASSWORD_PLEASE,
        b"S" + CLEAR_TEXT_PASSWORD_PLEASE,
        b"E" + b"\0\0\0\x20SFATAL\0C28P01\0Mgo in clear\0\0\0",
    ],
    ids=["no answer but a question", "no and a question", "yes with stuffing", "an error"],
)
async def test_a_man_in_the_middle_who_strips_tls_is_told_nothing(
    pki: Pki, sslmode: str, answer: bytes
) -> None:
    async with Stripper(answer) as server:
        error = await fail_to_connect(server.port, sslmode=sslmode, sslrootcert=str(pki.ca))

    assert server.told == REQUEST
    assert PASSWORD not in str(error)


@pytest.mark.parametrize("sslmode", DEMANDING)
async def test_a_server_that_says_yes_and_then_speaks_in_clear_text_hears_a_handshake_alone(
    pki: Pki, sslmode: str
) -> None:
    class Pretender(Stripper):
        async def serve(self, link: Link) -> None:
            self.told += await link.reader.readexactly(len(REQUEST))
            link.client.write(b"S")
            self.told += await link.reader.readexactly(len(CLIENT_HELLO))
            link.client.write(CLEAR_TEXT_PASSWORD_PLEASE)
            while more := await link.reader.read(1000):
                self.told += more

    async with Pretender(b"") as server:
        await fail_to_connect(server.port, sslmode=sslmode, sslrootcert=str(pki.ca))

    assert server.told.startswith(REQUEST + CLIENT_HELLO)
    assert b"user\0app" not in server.told
    assert PASSWORD.encode() not in server.told


@pytest.mark.parametrize("sslmode", DEMANDING)
async def test_with_direct_tls_not_even_a_request_goes_out_in_clear_text(pki: Pki, sslmode: str) -> None:
    async with Stripper(CLEAR_TEXT_PASSWORD_PLEASE) as server:
        await fail_to_connect(server.port, sslmode=sslmode, sslrootcert=str(pki.ca), sslnegotiation="direct")

    assert server.told.startswith(CLIENT_HELLO)
    assert b"user\0app" not in server.told
    assert PASSWORD.encode() not in server.told


async def test_the_second_server_of_a_list_is_asked_for_tls_too(pki: Pki) -> None:
    async with ScriptedServer(Ending.RESET, tls=Tls.REFUSE) as first, Stripper(b"N") as second:
        first.refuse()
        both = [Server("localhost", port, "127.0.0.1") for port in (first.port, second.port)]
        driver = build_driver(settings_for(*both, password=PASSWORD, sslmode="verify-full"))
        with pytest.raises(ConnectionError, match="rejected SSL upgrade"):
            await driver.connect()

    assert second.told == REQUEST


async def test_prefer_goes_on_in_clear_text_when_the_handshake_is_cut(pki: Pki) -> None:
    class Cutter(ScriptedServer):
        async def _answer_encryption(self, link: Link) -> None:
            link.client.write(b"S")
            await link.reader.readexactly(len(CLIENT_HELLO))
            link.resets = True
            raise ConnectionResetError

    async with Cutter(Ending.CLOSE) as server:
        error = await fail_to_connect(server.port, sslmode="prefer")

    assert [startup["user"] for startup in server.startups] == ["app"]
    assert any("tried with TLS before that" in note for note in error.__notes__)

"""The scripted server says what it was told to say, as asyncpg hears it."""

from __future__ import annotations

import ssl

import asyncpg
import pytest

from tests.rig import wire
from tests.rig.ports import LOOPBACK
from tests.rig.wire import Ending, ErrorAnswer, ScriptedServer, Tls


def url(server):
    return f"postgresql://app@{LOOPBACK}:{server.port}/orders"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (wire.TOO_MANY_CLIENTS, asyncpg.TooManyConnectionsError),
        (wire.STARTING_UP, asyncpg.CannotConnectNowError),
        (wire.SHUTTING_DOWN, asyncpg.CannotConnectNowError),
        (wire.ADMIN_SHUTDOWN, asyncpg.AdminShutdownError),
        (wire.NOT_AUTHORIZED, asyncpg.InvalidAuthorizationSpecificationError),
        (ErrorAnswer("XX000", "out of cheese"), asyncpg.InternalServerError),
    ],
)
async def test_a_startup_is_answered_with_the_error(answer, error):
    async with ScriptedServer(answer) as server:
        with pytest.raises(error, match=answer.message) as refused:
            await asyncpg.connect(url(server), ssl=False)

    assert refused.value.sqlstate == answer.sqlstate


@pytest.mark.parametrize("ending", [Ending.CLOSE, Ending.RESET])
async def test_a_startup_is_answered_with_an_end(ending):
    async with ScriptedServer(ending) as server:
        with pytest.raises(asyncpg.ConnectionDoesNotExistError) as lost:
            await asyncpg.connect(url(server), ssl=False)

    assert isinstance(lost.value.__cause__, ConnectionResetError) == (ending is Ending.RESET)


async def test_a_startup_is_answered_with_silence():
    async with ScriptedServer(Ending.SILENCE) as server:
        with pytest.raises(TimeoutError):
            await asyncpg.connect(url(server), ssl=False, timeout=0.2)

        assert server.startups[0]["user"] == "app"


@pytest.mark.parametrize("tls", [Tls.SILENCE, Tls.ACCEPT_THEN_SILENCE])
async def test_a_wish_for_tls_can_end_in_silence(tls):
    async with ScriptedServer(wire.STARTING_UP, tls=tls) as server:
        with pytest.raises(TimeoutError):
            await asyncpg.connect(url(server), ssl=ssl.create_default_context(), timeout=0.2)

        assert server.startups == []
        assert server.received == wire.LENGTH_AND_CODE


async def test_a_refused_wish_for_tls_is_followed_by_a_startup_in_the_clear():
    async with ScriptedServer(wire.STARTING_UP, tls=Tls.REFUSE) as server:
        with pytest.raises(asyncpg.CannotConnectNowError):
            await asyncpg.connect(url(server), ssl="prefer")

        assert [startup["database"] for startup in server.startups] == ["orders"] * server.accepted

"""Servers share the time there is, and of several failures the most telling one is raised."""

from __future__ import annotations

import asyncio
import errno
import ssl

import asyncpg
import pytest

from connmgr.engine.servers import Attempt, DoesNotFit, NoServerFits, failure, leads_to_next, shares
from connmgr.target import Server

UNREACHABLE = OSError(errno.ENETUNREACH, "Network is unreachable")
REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed")
STARTING = asyncpg.CannotConnectNowError("the database system is starting up")


def tried(*errors: Exception) -> list[Attempt]:
    return [Attempt(Server(f"db{number}"), "192.0.2.1", error) for number, error in enumerate(errors)]


async def test_one_choice_has_all_the_time() -> None:
    end = asyncio.get_running_loop().time() + 10

    ((choice, until),) = shares(["only"], end)

    assert (choice, until) == ("only", pytest.approx(end, abs=0.1))


async def test_several_choices_that_use_up_their_time_share_it_fairly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = asyncio.get_running_loop()
    now = 100.0
    monkeypatch.setattr(loop, "time", lambda: now)
    turns = []

    for _, until in shares("abc", end=110.0):
        turns.append(until - now)
        now = until

    assert turns == pytest.approx([9.5 / 3] * 3), "and a twentieth is kept to tell"


async def test_a_choice_that_fails_at_once_leaves_its_time_to_the_next() -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + 10

    *_, (_, until) = shares("abc", end)

    assert until - loop.time() == pytest.approx(9.5, abs=0.1)


@pytest.mark.parametrize(
    "error",
    [
        UNREACHABLE,
        REFUSED,
        STARTING,
        TimeoutError(),
        ConnectionResetError(errno.ECONNRESET, "reset"),
        DoesNotFit("a standby"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    ],
)
def test_a_server_that_cannot_be_had_leads_to_the_next(error: Exception) -> None:
    assert leads_to_next(error)


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InvalidPasswordError("password authentication failed"),
        asyncpg.InvalidCatalogNameError("database does not exist"),
        asyncpg.TooManyConnectionsError("too many clients"),
        ssl.SSLCertVerificationError(1, "certificate verify failed"),
        ConnectionError("PostgreSQL server rejected SSL upgrade"),
        ValueError("a mistake of ours"),
    ],
)
def test_the_answer_of_a_server_is_not_hidden_behind_that_of_another(error: Exception) -> None:
    assert not leads_to_next(error)


@pytest.mark.parametrize(
    ("errors", "raised"),
    [
        ([REFUSED, UNREACHABLE], REFUSED),
        ([UNREACHABLE, UNREACHABLE], UNREACHABLE),
        ([STARTING, REFUSED], STARTING),
        ([TimeoutError("first"), REFUSED], REFUSED),
    ],
)
def test_the_most_telling_failure_is_raised(errors: list[Exception], raised: Exception) -> None:
    assert failure(tried(*errors), "any") is raised


def test_a_time_out_names_the_servers_that_were_asked() -> None:
    error = failure(tried(REFUSED, TimeoutError()), "any")

    assert isinstance(error, TimeoutError)
    assert str(error) == (
        "no server took a connection in time: db0:5432 (192.0.2.1): ConnectionRefusedError: "
        "[Errno 111] Connect call failed; db1:5432 (192.0.2.1) did not answer in time"
    )


def test_it_has_a_note_of_every_attempt() -> None:
    error = failure(tried(UNREACHABLE, TimeoutError(), ConnectionRefusedError("no")), "any")

    assert error.__notes__ == [
        "connmgr tried: db0:5432 (192.0.2.1): OSError: [Errno 101] Network is unreachable; db1:5432 "
        "(192.0.2.1) did not answer in time; db2:5432 (192.0.2.1): ConnectionRefusedError: no"
    ]


def test_a_server_that_does_not_fit_says_more_than_any_failure() -> None:
    error = failure(tried(DoesNotFit("a standby"), STARTING), "primary")

    assert isinstance(error, NoServerFits)
    assert "no server is 'primary' (target_session_attrs): db0:5432 (192.0.2.1) is a standby; " in str(error)

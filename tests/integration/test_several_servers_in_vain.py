"""No server of a list will do, or the wait is given up: what is said, and that nothing is left open."""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from connmgr.engine.drivers import Driver, build_driver
from connmgr.engine.failures import classify
from connmgr.engine.servers import NoServerFits
from connmgr.failure import FailureKind
from connmgr.secret import Secret
from connmgr.target import Server
from tests.rig.driver import Known, at, settings_for
from tests.rig.pki import Pki
from tests.rig.ports import LOOPBACK, free_port, open_connections
from tests.rig.postgres import PostgresServer
from tests.rig.proxy import FaultProxy
from tests.rig.roles import PASSWORD, silent_server
from tests.rig.template import Template
from tests.rig.wait import wait_until
from tests.rig.wire import STARTING_UP, TOO_MANY_CLIENTS, ErrorAnswer, ScriptedServer


async def failure_of(*servers: Server, password: str = PASSWORD, **words: Any) -> Exception:
    driver = build_driver(settings_for(*servers, password=password, **words))
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one it is, is what the test is about
        await driver.connect()
    return caught.value


async def test_when_no_server_fits_the_error_says_what_was_wanted_and_what_each_was(
    standby: PostgresServer, read_only: PostgresServer
) -> None:
    gone = Server("gone", free_port(), LOOPBACK)

    error = await failure_of(at(standby), at(read_only), gone, target_session_attrs="read-write")

    assert isinstance(error, NoServerFits)
    assert str(error) == (
        "no server is 'read-write' (target_session_attrs): "
        f"localhost:{standby.port} (127.0.0.1) is a standby; localhost:{read_only.port} (127.0.0.1) is "
        f"a primary that is read only (default_transaction_read_only); gone:{gone.port} (127.0.0.1): "
        f"ConnectionRefusedError: [Errno 111] Connect call failed ('127.0.0.1', {gone.port})"
    )
    assert classify(error).kind is FailureKind.READ_ONLY
    assert "`target_session_attrs`" in classify(error).hint


@pytest.mark.parametrize(
    ("answer", "sqlstate"),
    [(TOO_MANY_CLIENTS, "53300"), (ErrorAnswer("28P01", "password authentication failed"), "28P01")],
)
async def test_a_server_that_refuses_the_login_is_the_last_that_is_asked(
    primary: PostgresServer, answer: ErrorAnswer, sqlstate: str
) -> None:
    async with ScriptedServer(answer) as refusing:
        error = await failure_of(Server("refusing", refusing.port, LOOPBACK), at(primary))

    assert getattr(error, "sqlstate", None) == sqlstate


async def test_a_server_whose_certificate_is_refused_is_the_last_that_is_asked(
    postgres_template: Template, pki: Pki
) -> None:
    words = {"sslmode": "verify-ca", "sslrootcert": str(pki.ca)}
    async with ScriptedServer(STARTING_UP) as second:
        with PostgresServer(postgres_template, tls=pki.tls(pki.expired_server)) as first:
            error = await failure_of(at(first), Server("second", second.port, LOOPBACK), **words)

    assert isinstance(error, ssl.SSLCertVerificationError)
    assert second.accepted == 0


async def test_a_wrong_password_is_tried_on_one_server(
    primary: PostgresServer, standby: PostgresServer
) -> None:
    before = len(standby.log)

    error = await failure_of(at(primary), at(standby), password="wrong")

    assert isinstance(error, asyncpg.InvalidPasswordError)
    assert "authentication failed" not in standby.log[before:]


async def test_what_a_server_answered_is_said_before_the_time_is_up(standby: PostgresServer) -> None:
    with silent_server() as silent:
        async with asyncio.timeout(0.5):
            error = await failure_of(at(standby), silent, connect=0.5, target_session_attrs="primary")

    assert isinstance(error, NoServerFits)
    assert f"localhost:{standby.port} (127.0.0.1) is a standby; " in str(error)
    assert str(error).endswith(f"silent:{silent.port} (127.0.0.1) did not answer in time")


async def test_a_server_that_starts_up_says_more_than_one_that_is_gone() -> None:
    gone = Server("gone", free_port(), LOOPBACK)
    async with ScriptedServer(STARTING_UP) as starting:
        error = await failure_of(Server("starting", starting.port, LOOPBACK), gone)

    assert classify(error).kind is FailureKind.STARTING_UP
    assert any(f"gone:{gone.port} (127.0.0.1): ConnectionRefusedError" in note for note in error.__notes__)


async def test_when_every_server_is_silent_the_error_names_them_all() -> None:
    with silent_server() as first, silent_server() as second:
        error = await failure_of(first, second, connect=0.3)

    assert isinstance(error, TimeoutError)
    assert all(f"silent:{server.port} (127.0.0.1) did not answer" in str(error) for server in (first, second))


@pytest.mark.parametrize("wanted", ["any", "primary", "prefer-standby"])
async def test_given_up_at_any_moment_nothing_is_left_open(
    primary: PostgresServer, standby: PostgresServer, wanted: str
) -> None:
    order = (primary, standby) if wanted == "prefer-standby" else (standby, primary)
    driver = build_driver(settings_for(*map(at, order), password=PASSWORD, target_session_attrs=wanted))
    before = open_connections()
    turns = 0
    while not await done_within(turns, driver):
        turns += 1 + turns // 20

    await wait_until(lambda: open_connections() <= before, what="every connection to be closed")
    assert turns > 5, "it was given up at too few moments to tell"


async def test_a_login_over_tls_that_is_given_up_at_any_moment_leaves_nothing_open(
    postgres_template: Template, pki: Pki
) -> None:
    with PostgresServer(postgres_template, tls=pki.tls()) as server:
        words = {"sslmode": "verify-full", "sslrootcert": str(pki.ca), "target_session_attrs": "read-write"}
        driver = build_driver(settings_for(at(server), password=server.password, **words))
        before = open_connections()
        turns = 0
        while not await done_within(turns, driver):
            turns += 1 + turns // 20

        await wait_until(lambda: open_connections() <= before, what="every connection to be closed")
    assert turns > 5, "it was given up at too few moments to tell"


async def done_within(turns: int, driver: Driver) -> bool:
    """Connect, and give that up after so many turns of the loop; whether it was done by then."""
    connecting = asyncio.create_task(driver.connect())
    for _ in range(turns):
        await asyncio.sleep(0)
    if connecting.done():
        driver.terminate(connecting.result())
        return True
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    return False


async def test_a_rejected_server_that_does_not_answer_the_goodbye_is_cut_off(standby: PostgresServer) -> None:
    async with FaultProxy(LOOPBACK, standby.port) as proxy:
        proxy.half_open = True
        error = await failure_of(
            Server("standby", proxy.port, LOOPBACK), connect=0.5, target_session_attrs="primary"
        )
        await wait_until(
            lambda: not any(link.endswith(f"> {proxy.port}") for link in open_connections()),
            what="our end to be closed",
        )

    assert isinstance(error, NoServerFits)


async def test_a_hostaddr_is_not_looked_up(primary: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    # asyncio asks it too, of the address: a name is what nobody may ask.
    known = socket.getaddrinfo
    asked: list[object] = []
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: asked.append(host) or known(host, *rest, **more)
    )
    driver = build_driver(settings_for(Server("db.test", primary.port, LOOPBACK), password=PASSWORD))

    driver.terminate(await driver.connect())

    assert "db.test" not in asked


async def test_random_takes_every_server_first_sooner_or_later() -> None:
    refusal = ErrorAnswer("28P01", "password authentication failed")
    async with ScriptedServer(refusal) as first, ScriptedServer(refusal) as second:
        servers = [Server("rig", server.port, LOOPBACK) for server in (first, second)]
        for _ in range(50):  # one side alone: once in 2 ** 49 runs
            await failure_of(*servers, load_balance_hosts="random")

    assert first.startups
    assert second.startups
    assert len(first.startups) + len(second.startups) == 50


async def test_a_password_that_takes_its_time_takes_it_from_the_servers() -> None:
    class Slow(Known):
        async def get(self) -> Secret:
            await asyncio.sleep(0.5)
            return Secret(self.text)

    with silent_server() as one, silent_server() as other:
        settings = settings_for(one, other, password=PASSWORD, connect=1.0)
        slow = replace(settings, target=replace(settings.target, password=Slow(PASSWORD)))

        # The caller's deadline, as the pool sets it: past it, nobody would hear which servers were tried.
        with pytest.raises(TimeoutError, match="no server took a connection in time: silent"):
            async with asyncio.timeout(slow.timeouts.connect):
                await build_driver(slow).connect()

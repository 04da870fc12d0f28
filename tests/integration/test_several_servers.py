"""A profile with several servers: which one is taken, and what is said when none will do."""

from __future__ import annotations

import os
import subprocess
import time
from typing import Any

import pytest

from connmgr.engine.drivers import build_driver
from connmgr.engine.servers import NoServerFits
from connmgr.target import Server
from tests.rig.driver import at, connected_by, connection_of, settings_for
from tests.rig.ports import LOOPBACK, free_port
from tests.rig.postgres import PostgresServer
from tests.rig.roles import PASSWORD, new_standby, silent_server
from tests.rig.template import DATABASE, ROLE, Template
from tests.rig.wait import wait_until
from tests.rig.wire import SHUTTING_DOWN, STARTING_UP, Ending, ErrorAnswer, ScriptedServer


async def port_of_choice(*servers: Server, **words: Any) -> int:
    """The port of the server that is taken."""
    async with connected_by(settings_for(*servers, password=PASSWORD, **words)) as connection:
        port = await connection.fetchval("SELECT current_setting('port')::int")
        assert isinstance(port, int)
        return port


# Every word of libpq's, against servers in this order.
CHOICES = [
    ("any", "primary standby", "primary"),
    ("any", "standby primary", "standby"),
    ("read-write", "standby primary", "primary"),
    ("read-write", "read_only primary", "primary"),
    ("read-only", "primary standby", "standby"),
    ("read-only", "primary read_only", "read_only"),
    ("primary", "standby primary", "primary"),
    ("primary", "standby read_only", "read_only"),
    ("standby", "primary standby", "standby"),
    ("standby", "read_only standby", "standby"),
    ("prefer-standby", "primary standby", "standby"),
    ("prefer-standby", "read_only primary", "read_only"),
]


@pytest.mark.parametrize(("wanted", "names", "taken"), CHOICES)
async def test_the_first_server_that_is_what_is_wanted_is_taken(
    request: pytest.FixtureRequest, wanted: str, names: str, taken: str
) -> None:
    servers = {name: request.getfixturevalue(name) for name in names.split()}

    port = await port_of_choice(*map(at, servers.values()), target_session_attrs=wanted)

    assert port == servers[taken].port


@pytest.mark.parametrize(("wanted", "names", "taken"), CHOICES)
def test_libpq_itself_takes_the_same(
    request: pytest.FixtureRequest, postgres_template: Template, wanted: str, names: str, taken: str
) -> None:
    servers = {name: request.getfixturevalue(name) for name in names.split()}
    ports = ",".join(str(server.port) for server in servers.values())
    hosts = ",".join([LOOPBACK] * len(servers))
    words = f"host={hosts} port={ports} user={ROLE} dbname={DATABASE} target_session_attrs={wanted}"

    done = subprocess.run(
        [postgres_template.binaries / "psql", "-X", "-A", "-t", "-w", "-c", "SHOW port", words],
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PGPASSWORD": PASSWORD},
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert done.stdout.strip() == str(servers[taken].port), done.stderr


async def test_a_server_that_is_not_taken_is_told_goodbye(
    primary: PostgresServer, standby: PostgresServer
) -> None:
    ended, abandoned = sessions(standby)

    async with connected_by(
        settings_for(at(standby), at(primary), password=PASSWORD, target_session_attrs="primary")
    ):
        await wait_until(lambda: sessions(standby)[0] > ended, what="the session on the standby to end")

    assert sessions(standby)[1] == abandoned


def sessions(server: PostgresServer) -> tuple[int, int]:
    """How many sessions ended, and how many of them without a goodbye."""
    counts = server.sql(
        "SELECT sessions - (SELECT count(*) FROM pg_stat_activity WHERE datname = 'orders'), "
        "sessions_abandoned FROM pg_stat_database WHERE datname = 'orders'"
    )
    ended, abandoned = map(int, counts.split("|"))
    return ended, abandoned


async def test_a_promoted_standby_is_found_where_the_primary_was(postgres_template: Template) -> None:
    with new_standby(postgres_template) as server:
        driver = build_driver(settings_for(at(server), password=PASSWORD, target_session_attrs="primary"))
        with pytest.raises(NoServerFits, match="is a standby"):
            await driver.connect()
        server.sql("SELECT pg_promote()")

        async with connection_of(driver) as connection:
            assert await connection.fetchval("SELECT pg_is_in_recovery()") is False


async def test_a_server_that_refuses_leads_to_the_next(primary: PostgresServer) -> None:
    gone = Server("gone", free_port(), LOOPBACK)

    assert await port_of_choice(gone, at(primary)) == primary.port


async def test_a_name_without_an_address_leads_to_the_next(primary: PostgresServer) -> None:
    assert await port_of_choice(Server("nosuch.invalid"), at(primary)) == primary.port


@pytest.mark.parametrize("answer", [STARTING_UP, SHUTTING_DOWN, Ending.CLOSE, Ending.RESET])
async def test_a_server_that_lets_nobody_in_now_leads_to_the_next(
    primary: PostgresServer, answer: ErrorAnswer | Ending
) -> None:
    async with ScriptedServer(answer) as absent:
        assert await port_of_choice(Server("absent", absent.port, LOOPBACK), at(primary)) == primary.port

    assert len(absent.startups) == 1


async def test_servers_that_say_nothing_leave_time_for_the_next(primary: PostgresServer) -> None:
    started = time.monotonic()
    with silent_server() as first, silent_server() as second:
        port = await port_of_choice(first, second, at(primary), connect=0.9)

    assert port == primary.port
    assert time.monotonic() - started < 0.9


async def test_with_prefer_standby_a_silent_server_leaves_time_for_the_primary(
    primary: PostgresServer,
) -> None:
    started = time.monotonic()
    with silent_server() as silent:
        port = await port_of_choice(at(primary), silent, connect=1.0, target_session_attrs="prefer-standby")

    assert port == primary.port
    assert time.monotonic() - started < 1.0

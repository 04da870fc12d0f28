"""What the driver tells the server and the kernel about a connection, in the target's own words."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

import pytest

from connmgr.engine.drivers import build_driver
from connmgr.engine.drivers.session_attrs import Role, role_of
from connmgr.engine.drivers.sockets import set_options
from connmgr.target import Server
from tests.rig.access import Access
from tests.rig.driver import Known, at, connected_by, connection_of, settings_for
from tests.rig.pki import PASS_PHRASE, Pki
from tests.rig.postgres import PostgresServer
from tests.rig.roles import PASSWORD
from tests.rig.template import Template

OPTIONS = ("SO_KEEPALIVE", "TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")


def options_of(sock: Any) -> dict[str, int]:
    levels = dict.fromkeys(OPTIONS, socket.IPPROTO_TCP) | {"SO_KEEPALIVE": socket.SOL_SOCKET}
    return {name: sock.getsockopt(levels[name], getattr(socket, name)) for name in OPTIONS}


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this system has no TCP_USER_TIMEOUT")
@pytest.mark.parametrize(
    ("words", "changed"),
    [
        ({}, {}),
        (
            {"keepalives_idle": 7, "keepalives_interval": 3, "keepalives_count": 5, "tcp_user_timeout": 4321},
            {"TCP_KEEPIDLE": 7, "TCP_KEEPINTVL": 3, "TCP_KEEPCNT": 5, "TCP_USER_TIMEOUT": 4321},
        ),
        ({"keepalives_idle": 0, "tcp_user_timeout": 0}, {"TCP_KEEPIDLE": None, "TCP_USER_TIMEOUT": None}),
        (
            {"keepalives": False},
            {"SO_KEEPALIVE": 0, "TCP_KEEPIDLE": None, "TCP_KEEPINTVL": None, "TCP_KEEPCNT": None},
        ),
    ],
    ids=["defaults", "each its own", "the system's own", "none"],
)
async def test_the_kernel_is_told_when_to_give_up_a_silent_peer(
    postgres: PostgresServer, words: dict[str, Any], changed: dict[str, int | None]
) -> None:
    with socket.socket() as untouched:
        systems_own = options_of(untouched)
    ours = {
        "SO_KEEPALIVE": 1,
        "TCP_KEEPIDLE": 10,
        "TCP_KEEPINTVL": 2,
        "TCP_KEEPCNT": 3,
        "TCP_USER_TIMEOUT": 10_000,
    }
    expected = {
        name: systems_own[name] if value is None else value for name, value in {**ours, **changed}.items()
    }

    settings = settings_for(at(postgres), password=postgres.password, **words)
    async with connected_by(settings) as connection:
        sock = connection._transport.get_extra_info("socket")  # asyncpg shows it nowhere else

        assert options_of(sock) == expected


def test_a_unix_socket_is_left_as_it_is() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        set_options(ours, settings_for(Server("/tmp"), password="x").target)

        assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 0


async def test_options_reach_the_server_as_they_are_and_the_profiles_own_words_win(
    postgres: PostgresServer,
) -> None:
    options = r"-c DateStyle=ISO,\ DMY --work_mem=65kB -c application_name=other"
    settings = settings_for(at(postgres), password=postgres.password, options=options)
    async with connected_by(settings) as connection:
        shown = [
            await connection.fetchval(f"SHOW {name}")
            for name in ("DateStyle", "work_mem", "application_name")
        ]

    assert shown == ["ISO, DMY", "65kB", "rig"]


async def test_a_socket_directory_is_reached_in_clear_text_in_every_mode(postgres: PostgresServer) -> None:
    server = Server(str(postgres.directory), postgres.port)
    settings = settings_for(server, password=postgres.password, sslmode="verify-full")
    async with connected_by(settings) as connection:
        assert await connection.fetchval("SELECT inet_client_addr() IS NULL") is True


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("primary", Role(standby=False, read_only=False)),
        ("read_only", Role(standby=False, read_only=True)),
        ("standby", Role(standby=True, read_only=True)),
    ],
)
async def test_a_server_that_does_not_report_its_role_is_asked(
    request: pytest.FixtureRequest, name: str, role: Role
) -> None:
    server = request.getfixturevalue(name)
    async with connected_by(settings_for(at(server), password=PASSWORD)) as connection:
        # As PostgreSQL 13, and poolers that keep these reports to themselves.
        silent: Any = SimpleNamespace(get_settings=object, fetchrow=connection.fetchrow)

        assert await role_of(silent) == await role_of(connection) == role


async def test_an_encrypted_keys_pass_phrase_is_masked_and_asked_for_once(
    postgres_template: Template, pki: Pki
) -> None:
    source = Counting(PASS_PHRASE)
    key = {"sslcert": str(pki.locked_client.certificate), "sslkey": str(pki.locked_client.key)}
    with PostgresServer(postgres_template, tls=pki.tls(access=Access.CERTIFICATE)) as server:
        driver = build_driver(
            settings_for(at(server), password="none", sslmode="require", sslpassword=source, **key)
        )
        async with connection_of(driver):
            second = await driver.connect()
            driver.terminate(second)

    assert source.asked == 1
    assert PASS_PHRASE in [secret.reveal() for secret in driver.secrets]


class Counting(Known):
    """Counts how often it is asked."""

    asked = 0

    async def get(self) -> Any:
        object.__setattr__(self, "asked", self.asked + 1)
        return await super().get()

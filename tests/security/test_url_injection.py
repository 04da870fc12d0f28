"""Whatever a variable holds, in a url it is the one component that it was written for, and no other."""

from __future__ import annotations

import dataclasses
from pathlib import PurePath

import pytest

from connmgr import ConfigError, Registry
from connmgr.settings import Settings
from connmgr.target import PostgresTarget, Server
from tests.rig.wire import Ending, ScriptedServer

HOSTILE = {
    "another host": "app@evil.example",
    "another login": "app:pw@evil.example:1",
    "another host, escaped": "app%40evil.example",
    "a whole url": "postgresql://mallory@evil.example/elsewhere",
    "a parameter": "?host=evil.example",
    "another user": "?user=mallory",
    "more parameters": "&user=mallory&sslmode=disable&host=/tmp",
    "a fragment": "#",
    "a fragment after": "app#@evil.example",
    "up and out": "/../elsewhere",
    "a path": "elsewhere?sslmode=disable",
    "a metadata service": "169.254.169.254",
    "a metadata service as a host": "@169.254.169.254/latest",
    "a socket": "/var/run/postgresql",
    "a socket, escaped": "%2Fvar%2Frun",
    "several hosts": "a,b",
    "a port": ":1",
    "brackets": "[::1]",
    "a backslash": "app\\@evil.example",
    "a space": "app host=evil.example",
    "a quote": "app' host='evil.example",
    "a percent sign": "100%",
    "a NUL, escaped": "app%00user%00postgres",
    "another reference": "${OTHER}",
    "a default": "${OTHER:-x}",
    "two dollar signs": "$$",
    "a scheme": "sqlite://",
}
PARTS = ("user", "password", "dbname", "application_name", "options")
URL = (
    "postgresql://${USER_}:${PASSWORD_}@127.0.0.1:{port}/${DBNAME}"
    "?sslmode=disable&application_name=${APPLICATION_NAME}&options=${OPTIONS}"
)
VARIABLES = dict(zip(PARTS, ("USER_", "PASSWORD_", "DBNAME", "APPLICATION_NAME", "OPTIONS"), strict=True))
PLAIN = {variable: f"plain {part}" for part, variable in VARIABLES.items()}


def settled(directory, **environ: str) -> Settings:
    return Registry.load(directory, environ={"OTHER": "other", **PLAIN, **environ}).settings("db")


def postgres(settings: Settings) -> PostgresTarget:
    assert isinstance(settings.target, PostgresTarget)
    return settings.target


@pytest.mark.parametrize("why", HOSTILE)
@pytest.mark.parametrize("part", PARTS)
async def test_a_variable_is_its_part_to_the_last_character(write, part, why):
    directory = write(db={"url": URL.replace("{port}", "5432")})
    plain = postgres(settled(directory))

    target = postgres(settled(directory, **{VARIABLES[part]: HOSTILE[why]}))

    secret = await target.password.get()
    found = {"password": secret.reveal()} if part == "password" else {part: getattr(target, part)}
    assert found == {part: HOSTILE[why]}
    expected = plain if part == "password" else dataclasses.replace(plain, **{part: HOSTILE[why]})
    assert dataclasses.replace(target, password=None) == dataclasses.replace(expected, password=None)


@pytest.mark.parametrize("why", HOSTILE)
async def test_the_login_says_the_same_on_the_wire(write, why):
    async with ScriptedServer(Ending.CLOSE) as server:
        directory = write(db={"url": URL.replace("{port}", str(server.port))})
        environ = dict.fromkeys([*VARIABLES.values(), "OTHER"], HOSTILE[why])
        async with Registry.load(directory, environ=environ) as registry:
            await registry.health("db")

    assert server.startups
    for said in server.startups:
        assert (said["user"], said["database"]) == (HOSTILE[why], HOSTILE[why])
        assert (said["application_name"], said["options"]) == (HOSTILE[why], HOSTILE[why])
        assert set(said) <= {"user", "database", "application_name", "options", "client_encoding"}


@pytest.mark.parametrize("why", HOSTILE)
def test_a_host_is_one_name_or_address_or_socket_and_nothing_more(write, why):
    directory = write(db={"url": "postgresql://app@${HOST}:5432/orders?sslmode=verify-full"})
    plain = postgres(settled(directory, HOST="db.example"))
    alone = {"a metadata service", "a socket", "up and out"}

    if why in alone:
        target = postgres(settled(directory, HOST=HOSTILE[why]))

        assert target == dataclasses.replace(plain, servers=(Server(HOSTILE[why], 5432),))
    else:
        with pytest.raises(ConfigError, match=r"CM\d{3} url: .*from HOST"):
            settled(directory, HOST=HOSTILE[why])


@pytest.mark.parametrize("why", HOSTILE)
def test_a_port_is_a_number(write, why):
    directory = write(db={"url": "postgresql://app@127.0.0.1:${PORT}/orders"})

    with pytest.raises(ConfigError, match=r"CM\d{3} url: .*from PORT"):
        settled(directory, PORT=HOSTILE[why])


@pytest.mark.parametrize("why", HOSTILE)
@pytest.mark.parametrize("word", ["sslmode", "target_session_attrs", "connect_timeout", "keepalives"])
def test_a_parameter_of_words_and_numbers_takes_no_others(write, word, why):
    directory = write(db={"url": f"postgresql://app@127.0.0.1/orders?{word}=${{WORD}}"})

    with pytest.raises(ConfigError, match=r"CM\d{3} url: .*from WORD"):
        settled(directory, WORD=HOSTILE[why])


@pytest.mark.parametrize("why", HOSTILE)
def test_a_file_of_sqlite_is_that_file(write, why):
    directory = write(db={"url": "sqlite:////data/${FILE}"})

    settings = settled(directory, FILE=HOSTILE[why])

    assert settings.target.path == str(PurePath("/data/" + HOSTILE[why]))


@pytest.mark.parametrize("name", ["file:x?mode=memory", "file:/etc/passwd", "x?mode=memory", ""])
def test_a_file_of_sqlite_becomes_no_uri_and_no_memory(write, name):
    directory = write(db={"url": "sqlite:///${FILE}"})

    try:
        path = settled(directory, FILE=name).target.path
    except ConfigError as error:
        assert "from FILE" in str(error) or "FILE is" in str(error)  # noqa: PT017 - either is safe
    else:
        assert path is not None
        assert path.endswith(name)

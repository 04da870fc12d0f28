"""A control character in a setting would rewrite PostgreSQL's startup message: none reaches a server."""

from __future__ import annotations

import json

import pytest

from connmgr import ConfigError, Registry
from tests.rig.wire import Ending, ScriptedServer

CHARACTERS = ["\0", "\x01", "\t", "\n", "\r", "\x1b", "\x7f", "\x85", "\x9b", "\udc80"]
INJECTED = "x{}user{}postgres"
# Where a value of the environment can stand in a profile's texts.
PLACES = {
    "user": {"url": "postgresql://${BAD}@127.0.0.1:{port}/orders"},
    "password": {"url": "postgresql://app@127.0.0.1:{port}/orders", "password": "${BAD}"},
    "inline password": {"url": "postgresql://app:${BAD}@127.0.0.1:{port}/orders"},
    "dbname": {"url": "postgresql://app@127.0.0.1:{port}/${BAD}"},
    "application_name": {"url": "postgresql://app@127.0.0.1:{port}/orders?application_name=${BAD}"},
    "sslrootcert": {"url": "postgresql://app@127.0.0.1:{port}/orders?sslrootcert=${BAD}"},
    "whole url": {"url": "${BAD_URL}"},
    "url in a variable": {"url": {"env": "BAD_URL"}},
    "connection user": {"connection": {"host": "127.0.0.1", "port": "{port}", "user": "${BAD}"}},
    "connection dbname": {"connection": {"host": "127.0.0.1", "port": "{port}", "dbname": "${BAD}"}},
    "connection options": {
        "connection": {"host": "127.0.0.1", "port": "{port}", "user": "u", "options": "${BAD}"}
    },
    "connection password": {
        "connection": {"host": "127.0.0.1", "port": "{port}", "user": "u", "password": "${BAD}"}
    },
    "password in a variable": {
        "connection": {"host": "127.0.0.1", "port": "{port}", "user": "u"},
        "password": {"env": "BAD"},
    },
    "user in libpq's variable": {
        "libpq_env": True,
        "connection": {"host": "127.0.0.1", "port": "{port}", "dbname": "d"},
    },
    "description": {"url": "postgresql://app@127.0.0.1:{port}/orders", "description": "${BAD}"},
}


IN_VARIABLES = ("whole url", "url in a variable", "password in a variable", "user in libpq's variable")


def filled(document, port, bad="${BAD}"):
    """The document for a port, which is a number where it stands alone, with `bad` where that belongs."""
    text = json.dumps(document).replace('"{port}"', str(port)).replace("{port}", str(port))
    return json.loads(text.replace("${BAD}", json.dumps(bad)[1:-1]))


@pytest.fixture
async def server():
    async with ScriptedServer(Ending.CLOSE) as server:
        yield server


@pytest.mark.parametrize("character", CHARACTERS, ids=repr)
@pytest.mark.parametrize("place", PLACES)
async def test_one_from_the_environment_is_refused_and_no_byte_is_sent(write, server, place, character):
    bad = INJECTED.format(character, character)
    environ = {"BAD": bad, "PGUSER": bad, "BAD_URL": f"postgresql://app@127.0.0.1:{server.port}/{bad}"}
    registry = Registry.load(write(db=filled(PLACES[place], server.port)), environ=environ)
    async with registry:
        report = await registry.health("db")

        with pytest.raises(ConfigError):
            async with registry.connect("db"):
                pass

    assert report.reason == "misconfigured"
    assert (server.accepted, server.received) == (0, 0)


@pytest.mark.parametrize("character", CHARACTERS, ids=repr)
@pytest.mark.parametrize("place", [place for place in PLACES if place not in IN_VARIABLES])
async def test_one_in_the_file_is_refused_when_it_is_read(write, server, place, character):
    bad = INJECTED.format(character, character)
    document = filled(PLACES[place], server.port, bad)

    with pytest.raises(ConfigError):
        Registry.load(write(db=json.dumps(document)))

    assert server.accepted == 0


@pytest.mark.parametrize("escape", ["%00", "%0A", "%1b", "%7F", "%C2%85"])
@pytest.mark.parametrize("place", ["user", "inline password", "dbname", "application_name"])
async def test_one_that_is_percent_encoded_in_a_url_is_refused_too(write, server, place, escape):
    bad = INJECTED.format(escape, escape)
    document = filled(PLACES[place], server.port, bad)

    with pytest.raises(ConfigError):
        Registry.load(write(db=document))

    assert server.accepted == 0

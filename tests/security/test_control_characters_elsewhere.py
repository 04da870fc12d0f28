"""A control character is stopped wherever a value comes from: not one byte of it reaches a server."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from connmgr import ConfigError, Registry
from tests.rig.profiles import Document, write_profiles
from tests.rig.wire import ErrorAnswer, ScriptedServer

# As an editor, the environment, a file and libpq's own files may hold them; and half of a surrogate pair,
# which is how bytes that are no UTF-8 come out of the environment.
CHARACTERS = ["\0", "\n", "\t", "\x1b", "\x85", "\udc80"]
WORDS = ("host", "user", "dbname", "application_name", "fallback_application_name", "options", "passfile")
WORDS += ("sslrootcert", "sslcert", "sslkey", "sslcrl", "password", "sslpassword", "servicefile", "service")
VARIABLES = ("PGUSER", "PGDATABASE", "PGAPPNAME", "PGOPTIONS", "PGPASSWORD", "PGHOST", "PGPASSFILE", "PGTZ")


def bad(character: str) -> str:
    return f"x{character}user{character}postgres"


@pytest.fixture
async def server():
    # It wants a password: one that is asked for late would be sent to this one.
    async with ScriptedServer(ErrorAnswer("28P01", "no")) as server:
        yield server
        assert (server.accepted, server.received) == (0, 0)


async def use(directory: Path, environ: dict[str, str]) -> None:
    async with Registry.load(directory, environ=environ) as registry:
        report = await registry.health("db")
        assert report.reason == "misconfigured"
        async with registry.connect("db"):
            pass


@pytest.fixture
def refused(tmp_path: Path, server):
    """Load the profile `db` of what is written, and use it; nothing but a ConfigError may come of that."""

    async def refused(environ: dict[str, str], **documents: Document) -> None:
        directory = write_profiles(tmp_path / "profiles", **documents)

        with pytest.raises(ConfigError) as raised:
            await use(directory, environ)

        assert all("\n" not in str(problem) for problem in raised.value.problems)

    return refused


def located(server: ScriptedServer, **words: object) -> dict[str, object]:
    """libpq's words for the server; those given come after, and count."""
    where = {"host": "127.0.0.1", "port": server.port, "user": "app", "dbname": "orders"}
    return {**where, "sslmode": "disable", **words}


@pytest.mark.parametrize("character", CHARACTERS[:-1], ids=repr)
@pytest.mark.parametrize("word", WORDS)
async def test_one_in_a_word_of_a_connection_is_refused(refused, server, word, character):
    await refused({}, db=json.dumps({"connection": located(server, **{word: bad(character)})}))


@pytest.mark.parametrize("character", CHARACTERS, ids=repr)
@pytest.mark.parametrize("word", WORDS)
async def test_one_from_the_environment_in_a_word_of_a_connection_is_refused(
    refused, server, word, character
):
    words = located(server, **{word: "${BAD}"})
    if word in ("sslkey", "sslpassword"):
        words |= {"sslmode": "require", "sslcert": "/dev/null", "sslkey": "/dev/null", word: "${BAD}"}

    await refused({"BAD": bad(character)}, db={"connection": words})


@pytest.mark.parametrize("character", CHARACTERS[:-1], ids=repr)
@pytest.mark.parametrize("word", ["user", "dbname", "application_name", "options", "password"])
async def test_one_that_a_base_or_the_defaults_of_a_file_say_is_refused(refused, server, word, character):
    hostile = {"connection": {word: bad(character)}}
    plain = located(server)
    del plain[word if word in plain else "sslmode"]

    await refused({}, _base=json.dumps(hostile), db={"extends": "_base", "connection": plain})
    several = {"defaults": hostile, "profiles": {"db": {"connection": plain}}}
    await refused({}, **{"db": "url: [", "all.profiles": json.dumps(several)})


@pytest.mark.parametrize("character", CHARACTERS, ids=repr)
@pytest.mark.parametrize("key", ["password", "url"])
async def test_one_that_a_variable_or_a_file_holds_is_refused(refused, server, tmp_path, key, character):
    where = f"postgresql://app@127.0.0.1:{server.port}/orders?sslmode=disable"
    text = f"{where}&application_name={bad(character)}" if key == "url" else bad(character)
    path = tmp_path / "secret"
    path.write_bytes(text.encode(errors="surrogateescape"))
    path.chmod(0o600)

    for source in ({"env": "BAD"}, {"file": str(path)}):
        await refused({"BAD": text}, db={"url": where, key: source})


@pytest.mark.parametrize("character", ["\0", "\x01", "\r", "\x1b", "\x85"], ids=repr)
async def test_one_that_a_command_writes_is_refused(refused, server, character):
    program = f"import sys; sys.stdout.buffer.write({bad(character).encode()!r})"
    where = f"postgresql://app@127.0.0.1:{server.port}/orders?sslmode=disable"

    await refused({}, db={"url": where, "password": {"command": [sys.executable, "-c", program]}})


@pytest.mark.parametrize("escape", ["%00", "%0A", "%0d", "%1b", "%7F", "%C2%85"])
@pytest.mark.parametrize("word", ["user", "dbname", "application_name", "options", "password", "host"])
async def test_one_that_is_percent_encoded_in_a_parameter_is_refused(refused, server, word, escape):
    words = {"user": "app", "port": str(server.port), "host": "127.0.0.1", word: f"x{escape}user"}
    query = "&".join(f"{name}={value}" for name, value in words.items())

    await refused({}, db={"url": f"postgresql:///{'' if word == 'dbname' else 'orders'}?{query}"})
    await refused({"BAD": f"postgresql:///?{query}"}, db={"url": "${BAD}"})


@pytest.mark.parametrize("character", [c for c in CHARACTERS if c not in "\n\r\t"], ids=repr)
@pytest.mark.parametrize("variable", VARIABLES)
async def test_one_in_a_variable_of_libpqs_is_refused(refused, server, variable, character):
    environ = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGUSER": "app", "PGDATABASE": "orders"}

    await refused({**environ, "PGSSLMODE": "disable", variable: bad(character)}, db={"libpq_env": True})


@pytest.mark.parametrize("character", ["\0", "\x01", "\x1b", "\x7f", "\x85"], ids=repr)
@pytest.mark.parametrize("word", ["user", "dbname", "application_name", "options", "password", "host"])
async def test_one_in_a_service_is_refused(refused, server, tmp_path, word, character):
    lines = [f"{name}={value}" for name, value in located(server, **{word: bad(character)}).items()]
    file = tmp_path / "services.conf"
    file.write_text("[orders]\n" + "\n".join(lines) + "\n")

    await refused({"PGSERVICEFILE": str(file)}, db={"service": "orders"})


@pytest.mark.parametrize("character", ["\0", "\x01", "\x1b", "\x7f", "\x85"], ids=repr)
async def test_one_in_a_password_file_is_refused(refused, server, tmp_path, character):
    file = tmp_path / "pgpass"
    file.write_text(f"*:*:*:*:{bad(character)}\n")
    file.chmod(0o600)

    await refused({}, db={"connection": located(server, passfile=str(file))})

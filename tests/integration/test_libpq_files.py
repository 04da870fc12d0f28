"""What we take from libpq's variables, service files and password files is what libpq itself takes."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connmgr.config.libpq.environment import VARIABLES, session_options, variable_words
from connmgr.config.libpq.passfile import passfile_source
from connmgr.config.libpq.service import NoService, service_words
from connmgr.config.secrets.base import Context
from connmgr.problem import Place
from connmgr.secret import Environment, Secret
from connmgr.target import Server
from tests.rig.binaries import find_binaries
from tests.rig.libpq import Libpq
from tests.rig.postgres import PostgresServer

SETTINGS = settings(
    max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def conninfo(**words: str) -> str:
    """Write words as libpq reads them."""
    quoted = {word: re.sub(r"(['\\])", r"\\\1", value) for word, value in words.items()}
    return " ".join(f"{word}='{value}'" for word, value in quoted.items())


def test_every_variable_of_libpqs_own_table_has_its_word(libpq: Libpq) -> None:
    theirs = libpq.variables()

    assert theirs == {word: VARIABLES[word] for word in theirs}
    assert len(theirs) >= 25


@pytest.mark.parametrize("word", sorted(VARIABLES))
def test_an_empty_variable_is_kept_where_libpq_refuses_it(
    libpq: Libpq, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    server = {"hostaddr": "127.0.0.1", "port": str(postgres.port), "user": "u", "dbname": "d"}
    if word != "servicefile" and word not in libpq.variables():
        pytest.skip("this libpq is older than the word")
    service = {"service": "orders"} if word == "servicefile" else {}
    others = {each: value for each, value in server.items() if each != word} | service
    monkeypatch.setenv(VARIABLES[word], "")

    refused = re.search("invalid|not found", libpq.connect(conninfo(**others)).error) is not None

    # These two it takes, and does without a protection that is its default.
    assert (word in variable_words(os.environ)) == (refused or word in {"sslsni", "ssl_min_protocol_version"})


@pytest.mark.parametrize(
    "variables",
    [
        {"PGTZ": "Asia/Tokyo", "PGDATESTYLE": "SQL, DMY", "PGGEQO": "off"},
        {"PGTZ": "Asia/Tokyo", "PGOPTIONS": "-c timezone=Europe/Berlin -c geqo=off"},
        {"PGTZ": "default", "PGDATESTYLE": "DEFAULT"},
        {"PGTZ": "<a\\ b>-3"},
    ],
)
def test_session_variables_come_to_the_same_as_options(
    postgres: PostgresServer, variables: dict[str, str]
) -> None:
    def shown(environ: Mapping[str, str]) -> str:
        query = (
            "SELECT string_agg(current_setting(s), '|') FROM unnest('{timezone,datestyle,geqo}'::text[]) s"
        )
        command = [find_binaries() / "psql", "-XAtqc", query, postgres.url()]
        environ = {**os.environ, **environ}
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=20, check=False)
        return done.stdout or done.stderr

    theirs = shown(variables)

    ours = shown({"PGOPTIONS": variable_words(variables).get("options", "")})
    assert ours == theirs
    assert "|" in theirs
    assert session_options(variables) in variable_words(variables).get("options", "")


FILES = st.sampled_from([None, "[orders]\nuser={}", "[billing]\nuser={}", "[orders]\nuser={}\noops", ""])


@SETTINGS
@given(named=FILES, own=FILES, machine=FILES, is_named=st.booleans())
def test_a_service_is_found_where_libpq_finds_it(
    libpq: Libpq,
    tmp_path: Path,
    named: str | None,
    own: str | None,
    machine: str | None,
    is_named: bool,
) -> None:
    for file, text in {"named": named, ".pg_service.conf": own, "pg_service.conf": machine}.items():
        (tmp_path / file).unlink(missing_ok=True)
        if text is not None:
            (tmp_path / file).write_text(text.format(file))
    environ = {"HOME": str(tmp_path), "PGSYSCONFDIR": str(tmp_path)}
    if is_named:
        environ["PGSERVICEFILE"] = str(tmp_path / "named")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        theirs = libpq.start(conninfo(service="orders", hostaddr="127.0.0.1", port="1"))

    try:
        ours = service_words("orders", None, environ)
    except NoService:
        ours = {}

    is_refused = "service" in theirs.error
    assert ours == ({} if is_refused else {"user": theirs.values["user"]})


PARTS = st.lists(
    st.sampled_from(["db", "u", "5432", "*", ":", "\\", "\\:", "\\\\", "#", " ", "é", "\r"]), max_size=3
)
FIELDS = st.sampled_from(["db", "*", "5432", "u", "d", "localhost", "\\d"]) | PARTS.map("".join)
LINES = st.lists(FIELDS, min_size=3, max_size=6).map(":".join) | st.just("") | st.just("#db:*:*:*:x")
FITS = st.sampled_from(["db:*:*:*:", "*:5432:d:u:", "*:*:*:*:", "\\d\\b:*:*:\\u:", "localhost:*:*:*:"])
ENTRIES = LINES | st.tuples(FITS, PARTS.map("".join)).map("".join)
PASSFILES = st.lists(st.tuples(ENTRIES, st.sampled_from(["\n", "\r\n"])).map("".join), max_size=5).map(
    "".join
)
NAMES = st.sampled_from(["d", "u", "*", "d:", "\\", "é"])


@SETTINGS
@given(text=PASSFILES, host=st.sampled_from(["db", "localhost", "*", "#db"]), dbname=NAMES, user=NAMES)
@example(text="#db:*:*:*:a", host="#db", dbname="d", user="u")
@example(text="db:5432:\\:u:a", host="db", dbname="\\", user="u")
@example(text="db:5432:d:u:a\\", host="db", dbname="d", user="u")
@example(text="db:5432:d:u:a\\:b\\\\c:d\n", host="db", dbname="d", user="u")
def test_every_password_file_gives_us_the_password_that_it_gives_libpq(
    libpq: Libpq, tmp_path: Path, text: str, host: str, dbname: str, user: str
) -> None:
    file = tmp_path / "pgpass"
    file.write_bytes(text.encode())
    file.chmod(0o600)
    words = {"host": host, "hostaddr": "127.0.0.1", "port": "5432", "dbname": dbname, "user": user}
    theirs = libpq.start(conninfo(passfile=str(file), **words)).password
    context = Context(Environment({}), Place("orders.yaml"), "password", tmp_path, "the profile file")

    ours = passfile_source(str(file), [Server(host)], dbname, user, context, optional=True).ask_now()

    # A carriage return is no part of a password that we take.
    assert ours == Secret(theirs) or ("\r" in theirs and not isinstance(ours, Secret))

"""`connection:` says in libpq's words what a url says, and is held to the same rules."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from connmgr.config.libpq.words import REFUSED, known, reason
from connmgr.config.loader import LoadResult, load_profiles
from connmgr.config.settle import unsettled
from connmgr.profile import Profile
from connmgr.settings import Settings
from connmgr.target import PostgresTarget, Server
from tests.rig.profiles import write_profiles

Settle = Callable[..., Settings]
Load = Callable[[str], LoadResult]
Written = Callable[[str], Profile]

# PostgreSQL 18's documentation, "Parameter Key Words", and what libpq took before.
LIBPQ = """
    host hostaddr port dbname user password passfile require_auth channel_binding connect_timeout
    client_encoding options application_name fallback_application_name keepalives keepalives_idle
    keepalives_interval keepalives_count tcp_user_timeout replication gssencmode sslmode requiressl
    sslnegotiation sslcompression sslcert sslkey sslkeylogfile sslpassword sslcertmode sslrootcert sslcrl
    sslcrldir sslsni requirepeer ssl_min_protocol_version ssl_max_protocol_version min_protocol_version
    max_protocol_version krbsrvname gsslib gssdelegation scram_client_key scram_server_key service servicefile
    target_session_attrs load_balance_hosts oauth_issuer oauth_client_id oauth_client_secret oauth_scope
    authtype tty
"""
HOST = "host: h, user: u, dbname: d"


def found(result: LoadResult) -> list[str]:
    return [f"{problem.code} {problem.path}: {problem.found}" for problem in result.problems]


@pytest.mark.parametrize("word", LIBPQ.split())
def test_every_word_of_libpqs_is_carried_out_or_refused_with_a_reason(word: str) -> None:
    assert (word in known()) != (word in REFUSED)
    assert word in known() or reason(word)


def test_no_word_is_carried_out_that_libpq_does_not_have() -> None:
    assert known() <= set(LIBPQ.split())


def test_a_connection_gives_the_same_target_as_a_url(settled: Settle) -> None:
    words = "host: 'a,b', port: '1,2', dbname: d, user: u, sslmode: require, keepalives_idle: 7"

    by_words = settled(f"connection: {{{words}, options: -c jit=off}}\n")
    by_url = settled(
        "url: postgresql://u@a:1,b:2/d?sslmode=require&keepalives_idle=7&options=-c%20jit%3Doff\n"
    )

    assert by_words == by_url


def test_references_are_put_in_and_come_to_what_they_stand_for(settled: Settle) -> None:
    target = settled(
        "connection: {host: '${H}', port: '${P}', user: '${U:-app}', dbname: '12', keepalives: '${K}'}\n",
        H="one,two", P="7000", K="0",
    ).target  # fmt: skip

    assert isinstance(target, PostgresTarget)
    assert target.servers == (Server("one", 7000), Server("two", 7000))
    assert (target.user, target.dbname, target.keepalives) == ("app", "12", False)


def test_without_a_user_and_a_database_both_are_the_process_s_user(
    settled: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "operator")

    target = settled("connection: {host: h}\n").target

    assert isinstance(target, PostgresTarget)
    assert (target.user, target.dbname) == ("operator", "operator")


@pytest.mark.parametrize("text", ["connection: {host: h}", "url: postgresql://h/d?passfile=/nowhere"])
def test_a_process_without_a_user_has_to_be_told_one(
    written: Written, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)  # what no /etc/passwd has a name for

    problems = unsettled(written(f"{text}\n"), {})

    assert "no user, and the process's own has no name" in [problem.found for problem in problems]


@pytest.mark.parametrize("port", ["5432.0", "'${P}'"])
def test_a_whole_number_is_whole_however_it_is_written(settled: Settle, port: str) -> None:
    target = settled(f"connection: {{{HOST}, port: {port}}}\n", P="5432.0").target

    assert isinstance(target, PostgresTarget)
    assert target.servers == (Server("h", 5432),)


@pytest.mark.parametrize("key", ["connection: {%s, password: '${P}'}", "connection: {%s}\npassword: '${P}'"])
async def test_the_password_may_stand_in_it_or_beside_it(settled: Settle, key: str) -> None:
    target = settled(f"{key % HOST}\n", P="@:/%#").target

    assert isinstance(target, PostgresTarget)
    assert target.password is not None
    assert (await target.password.get()).reveal() == "@:/%#"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("host: 'a b', user: u", "CM604 connection.host: a host that is no name and no address"),
        ("host: 'a,b', port: '1,2,3', user: u", "CM604 connection.port: 2 hosts and 3 ports"),
        (f"{HOST}, hostaddr: db", "CM604 connection.hostaddr: a hostaddr that is no IP address"),
        (f"{HOST}, sslkey: k", "CM604 connection.sslkey: an sslkey without the certificate it was made for"),
        (
            f"{HOST}, sslcert: ~/c",
            "CM604 connection.sslcert: a path in sslcert that begins with ~, which only a shell understands",
        ),
        (
            f"{HOST}, sslmode: allow, sslnegotiation: direct",
            "CM604 connection.sslnegotiation: sslnegotiation=direct with sslmode=allow, "
            "which may do without TLS",
        ),
    ],
)
def test_words_that_do_not_fit_are_found_where_they_stand(load: Load, words: str, problem: str) -> None:
    assert found(load(f"connection: {{{words}}}\n")) == [problem]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            f"connection: {{{HOST}, password: a}}\npassword: b\n",
            "CM304 password: a password here and one in connection",
        ),
        (
            f"connection: {{{HOST}, service: a}}\nservice: b\n",
            "CM304 service: a service here and one in connection",
        ),
        (
            f"connection: {{{HOST}, connect_timeout: 3}}\ntimeouts: {{connect: 3s}}\n",
            "CM304 timeouts.connect: timeouts.connect here and connect_timeout in connection",
        ),
        (
            f"connection: {{{HOST}, options: -c statement_timeout=1s}}\ntimeouts: {{statement: 3s}}\n",
            "CM304 timeouts.statement: timeouts.statement here and "
            "statement_timeout in the options in connection",
        ),
        (
            "url: postgresql://u@h/d?options=--statement-timeout%3D1s\ntimeouts: {statement: 3s}\n",
            "CM304 timeouts.statement: timeouts.statement here and "
            "statement_timeout in the options in the url",
        ),
        (
            "url: postgresql://u@h/d?service=a\nservice: b\n",
            "CM304 service: a service here and one in the url",
        ),
        ("url: sqlite://\nservice: a\n", "CM304 service: a service for SQLite, which has none"),
    ],
)
def test_what_is_said_twice_is_a_contradiction(load: Load, text: str, problem: str) -> None:
    assert found(load(text)) == [problem]


@pytest.mark.parametrize("text", ["-c jit=off", "-c statement_timeoutx=1", "statement_timeout=1", "-d 1"])
def test_other_options_do_not_contradict_a_statement_timeout(load: Load, text: str) -> None:
    assert found(load(f"connection: {{{HOST}, options: '{text}'}}\ntimeouts: {{statement: 3s}}\n")) == []


def test_a_url_over_a_connection_of_a_base_names_both_places(tmp_path: Path) -> None:
    directory = write_profiles(
        tmp_path,
        _base=f"connection: {{{HOST}}}\n",
        one="extends: _base\nurl: sqlite://\n",
        two="extends: _base\nconnection: null\nurl: sqlite://\n",
    )

    (problem,) = load_profiles(directory).problems

    assert (problem.code, problem.path) == ("CM304", "connection")
    assert problem.place.file.endswith("_base.yaml")
    assert "one.yaml:2" in problem.found
    assert "connection: null" in problem.hint


def test_two_protocol_versions_are_compared_once(load: Load) -> None:
    words = f"{HOST}, ssl_min_protocol_version: TLSv1.3, ssl_max_protocol_version: TLSv1.2"

    (problem,) = load(f"connection: {{{words}}}\n").problems

    assert (problem.code, problem.path) == ("CM304", "connection.ssl_min_protocol_version")

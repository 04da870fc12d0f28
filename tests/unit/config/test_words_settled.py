"""What a variable or an odd way of writing makes of one of libpq's words stays within that word."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connmgr.config.loader import LoadResult
from connmgr.config.settle import settle
from connmgr.errors import ConfigError
from connmgr.profile import Profile
from connmgr.settings import Settings
from connmgr.target import PostgresTarget, Server

Settle = Callable[..., Settings]
Written = Callable[[str], Profile]
Load = Callable[[str], LoadResult]


def servers(settings: Settings) -> tuple[Server, ...]:
    assert isinstance(settings.target, PostgresTarget)
    return settings.target.servers


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('url: "postgresql://u@${V}/d"\n', "host"),
        ('url: "postgresql://u@${V}.internal/d"\n', "host"),
        ('url: "postgresql://u@a,${V}/d"\n', "host"),
        ('url: "postgresql://u@h:${V}/d"\n', "port"),
        ('url: "postgresql://u@/d?host=${V}.internal"\n', "host"),
        ('url: "postgresql://u@/d?host=a,${V}"\n', "host"),
        ('url: "postgresql://u@a,b/d?port=1${V}"\n', "port"),
        ('url: "postgresql://u@a,b/d?hostaddr=10.0.0.${V}"\n', "hostaddr"),
        ('connection: {host: "${V}.internal", user: u}\n', "host"),
        ('connection: {host: "a,b", hostaddr: "10.0.0.${V}", user: u}\n', "hostaddr"),
    ],
)
def test_a_variable_that_is_a_part_of_a_server_does_not_bring_another(
    written: Written, text: str, word: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        settle(written(text), {"V": "1,2"})

    (problem,) = caught.value.problems
    assert problem.found == f"a comma inside one {word}, from V"
    assert "${NAME}" in problem.hint


@pytest.mark.parametrize(
    "text", ['connection: {host: "${V}", user: u}\n', 'url: "postgresql://u@/d?host=${V}"\n']
)
def test_a_variable_that_is_all_of_a_word_may_hold_several_servers(settled: Settle, text: str) -> None:
    assert servers(settled(text, V="one,two")) == (Server("one"), Server("two"))


@pytest.mark.parametrize(("port", "variable"), [("6432.0", ""), ('"${P}"', "6432.0"), ('"${P}"', "6432")])
def test_a_port_is_a_whole_number_however_it_is_written(settled: Settle, port: str, variable: str) -> None:
    found = servers(settled(f"connection: {{host: h, user: u, port: {port}}}\n", P=variable))

    assert found == (Server("h", 6432),)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('url: postgresql://u@h/d\npassword: ""\n', "password"),
        ('connection: {host: h, user: u, password: ""}\n', "connection.password"),
        ('connection: {host: h, user: u, sslcert: c, sslpassword: ""}\n', "connection.sslpassword"),
    ],
)
def test_a_secret_that_is_written_as_nothing_is_refused(load: Load, text: str, path: str) -> None:
    (problem,) = load(text).problems

    assert (problem.code, problem.path, problem.found) == ("CM303", path, "found an empty text")
    assert problem.hint == "delete the line"


def test_brackets_without_an_address_are_no_host(load: Load) -> None:
    (problem,) = load("url: postgresql://u@[]:5432/d\n").problems

    assert (problem.code, problem.found) == ("CM601", "brackets without an IPv6 address")


def test_numbers_of_a_service_that_connection_names_are_numbers(settled: Settle, tmp_path) -> None:
    file = tmp_path / "services"
    file.write_text(
        "[orders]\nhost=h\nport=6432\nuser=u\nkeepalives=0\nconnect_timeout=7\n", encoding="utf-8"
    )

    settings = settled(f"connection: {{service: orders, servicefile: {file}}}\n")

    assert servers(settings) == (Server("h", 6432),)
    assert isinstance(settings.target, PostgresTarget)
    assert (settings.target.keepalives, settings.timeouts.connect) == (False, 7.0)

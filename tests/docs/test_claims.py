"""The tables of the README say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from connmgr import FailureKind, Registry, Status
from connmgr.cli.group import COMMANDS, connmgr
from connmgr.engine.drivers import sqlite
from connmgr.engine.failure_table import RETRY_CONNECT, RETRY_TRANSACTION
from connmgr.opened import GRACE
from connmgr.runtime.verdict import REASONS
from connmgr.settings import HealthSettings, PoolSettings, Timeouts
from connmgr.target import PostgresTarget

CHECKOUT = Path(__file__).resolve().parents[2]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (.+) \|$", re.MULTILINE)
VERSION = re.compile(r"^## \[\d.*$", re.MULTILINE)
DATED = re.compile(r"## \[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}")
LINK = re.compile(r"\]\(([^)#:]+)\)")
TARGET = PostgresTarget.__dataclass_fields__
DEFAULTS = {
    "`timeouts.connect`": Timeouts().connect,
    "`timeouts.close`": Timeouts().close,
    "`timeouts.statement`": Timeouts().statement,
    "`timeouts.command`": Timeouts().command,
    "`pool.timeout`": PoolSettings().timeout,
    "`pool.liveness_timeout`": PoolSettings().liveness_timeout,
    "`pool.max_lifetime`": PoolSettings().max_lifetime,
    "`health.timeout`": HealthSettings().timeout,
    "closing a registry": GRACE,
    "a lock on SQLite": sqlite.BUSY_TIMEOUT,
    "keepalive: first probe after": TARGET["keepalives_idle"].default,
    "keepalive: between probes": TARGET["keepalives_interval"].default,
    "keepalive: probes": TARGET["keepalives_count"].default,
    "TCP_USER_TIMEOUT": TARGET["tcp_user_timeout"].default / 1000,
}


def rows(heading: str) -> list[list[str]]:
    """The cells of the tables below a heading, without the line under the titles."""
    section = README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [row.split(" | ") for row in ROW.findall(section)]


def test_the_table_of_defaults_is_what_the_code_does() -> None:
    told = {cells[0]: cells[1] for cells in rows("Defaults of time-outs and sockets")[1:]}

    assert set(told) == set(DEFAULTS)
    for name, value in DEFAULTS.items():
        assert told[name].removesuffix(" s") == ("none" if value is None else f"{value:g}"), name


def test_the_table_of_commands_is_complete() -> None:
    told = [cells[0] for cells in rows("The command line") if cells[0].startswith("`connmgr")]

    assert [command.strip("`").split()[1] for command in told] == list(COMMANDS)


def test_the_statuses_and_reasons_of_health_exist() -> None:
    table = rows("Health")[1:]

    reasons = {reason for cells in table for reason in re.findall(r"`(\w+)`", cells[2])}
    assert [cells[0].strip("`") for cells in table] == [status.value for status in Status]
    assert reasons <= {*REASONS, *FailureKind}


@pytest.mark.parametrize("heading", ["Sessions", "The familiar names"])
def test_every_method_of_the_registry_that_a_table_names_exists(heading: str) -> None:
    told = {name for cells in rows(heading) for name in re.findall(r"registry\.(\w+)\(", " ".join(cells))}

    assert told
    assert [name for name in told if not callable(getattr(Registry, name, None))] == []


def test_the_exit_statuses_are_those_of_the_commands_own_help() -> None:
    told = [cells for cells in rows("The command line") if cells[0].isdigit()]

    text = " ".join(connmgr.get_help(click.Context(connmgr)).split())
    assert [number for number, _ in told] == ["0", "1", "2", "3", "70"]
    assert [f"{number} {meaning}" for number, meaning in told if f"{number} {meaning}" not in text] == []


def test_every_link_to_a_file_leads_to_one() -> None:
    links = LINK.findall(README)

    assert links
    assert [link for link in links if not (CHECKOUT / link).is_file()] == []


@pytest.mark.parametrize("word", ["`$$`", "`invalid input for query argument`"])
def test_what_surprises_a_reader_is_told(word: str) -> None:
    assert word in README


def test_connections_and_sessions_are_not_lent() -> None:
    assert re.findall(r"\b(?:lends?|lent)\b", README) == []


def test_every_version_of_the_changelog_was_released_on_a_day() -> None:
    versions = VERSION.findall((CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8"))

    assert [version for version in versions if not DATED.fullmatch(version)] == []


def test_the_page_about_failures_has_every_kind_and_what_a_repetition_can_do() -> None:
    page = (CHECKOUT / "docs" / "failures.md").read_text(encoding="utf-8")
    table = page.partition("| kind | means |")[2].partition("\n\n")[0]
    told = {
        kind: (" a connect" in f" {row[-1]}", "a transaction" in row[-1])
        for row in (line.strip("| ").split(" | ") for line in table.splitlines()[2:])
        for kind in re.findall(r"`(\w+)`", row[0])
    }

    known = {kind.value: (kind in RETRY_CONNECT, kind in RETRY_TRANSACTION) for kind in FailureKind}
    # One with a reason of its own: a name server that is away, a server that was the writer until now.
    known["name_resolution"], known["read_only"] = (True, False), (False, True)
    assert told == known


def test_the_page_about_health_has_every_reason() -> None:
    page = (CHECKOUT / "docs" / "health.md").read_text(encoding="utf-8")

    assert [reason for reason in REASONS if f"`{reason}`" not in page] == []

"""The options that every command takes."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from connmgr.cli.commands.health import INTERVAL, WatchCommand
from connmgr.cli.options import log_format, log_level, profiles_path, shared_options


@click.group()
@shared_options
def group() -> None:
    """Take the options before a command."""


@group.command()
@shared_options
@click.pass_context
def command(context: click.Context) -> None:
    """Print what the options say."""
    click.echo(f"{profiles_path(context)} {log_level(context)} {log_format(context)}")


def said(*arguments: str, **variables: str) -> str:
    return CliRunner().invoke(group, arguments, env=variables).output.strip()


def test_without_options_it_is_profiles_warnings_and_text():
    assert said("command") == f"{Path('profiles')} WARNING text"


def test_an_option_is_taken_before_the_command_and_after_it():
    before = said("--profiles", "d", "--log-level", "info", "--log-format", "json", "command")
    after = said("command", "--profiles", "d", "--log-level", "info", "--log-format", "json")

    assert before == after == "d INFO json"


def test_the_option_after_the_command_wins():
    assert said("--profiles", "a", "command", "--profiles", "b").startswith("b ")


@pytest.mark.parametrize(("value", "path"), [("elsewhere", "elsewhere"), ("", "profiles")])
def test_the_variable_counts_when_it_is_not_empty(value, path):
    assert said("command", CONNMGR_PROFILES=value).startswith(f"{path} ")


def test_an_unknown_level_is_answered_with_the_levels():
    output = said("--log-level", "loud", "command")

    assert "debug" in output
    assert "critical" in output


@click.command(cls=WatchCommand)
@click.argument("names", nargs=-1)
@click.option("--watch", type=float)
def watch(names: tuple[str, ...], watch: float | None) -> None:
    """Print what was understood."""
    click.echo(f"{watch} {','.join(names)}".strip())


@pytest.mark.parametrize(
    ("arguments", "understood"),
    [
        ("a", "None a"),
        ("--watch", f"{INTERVAL}"),
        ("--watch a b", f"{INTERVAL} a,b"),
        ("a --watch", f"{INTERVAL} a"),
        ("--watch 5 a", "5.0 a"),
        ("--watch=.5 a", "0.5 a"),
        ("--watch -- 7", f"{INTERVAL} 7"),
        ("-- --watch", "None --watch"),
    ],
)
def test_watch_takes_a_number_that_follows_and_leaves_names_alone(arguments, understood):
    assert CliRunner().invoke(watch, arguments.split()).output.strip() == understood

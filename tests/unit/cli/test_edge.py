"""What a command raises, as an exit status and one message."""

from __future__ import annotations

import click
import pytest

from connmgr.cli.edge import CallError, run
from connmgr.errors import ConfigError, ConnmgrError, UnknownProfile
from connmgr.problem import Code, Place, Problem


def raising(error: BaseException) -> click.Command:
    @click.command()
    def command() -> None:
        raise error

    return command


def returning(status: int | None) -> click.Command:
    return click.command()(lambda: status)


@pytest.mark.parametrize(("returned", "status"), [(None, 0), (0, 0), (1, 1), (2, 2)])
def test_the_status_is_what_the_command_returns(returned, status):
    assert run(returning(returned), []) == status


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (CallError("no such directory"), 2),
        (click.UsageError("no such option"), 2),
        (ConnmgrError("the registry is open already"), 2),
        (UnknownProfile("no profile named 'x'"), 2),
        (ConfigError([Problem(Place("a.yaml", 3, 1), "pool", "a text", code=Code.VALUE)]), 2),
        (KeyboardInterrupt(), 130),
        (click.exceptions.Exit(141), 141),
        (ZeroDivisionError(), 70),
    ],
)
def test_every_way_out_has_its_status(error, status):
    assert run(raising(error), []) == status


def test_an_error_is_one_message_on_standard_error(capsys):
    run(raising(UnknownProfile("no profile named 'x'")), [])

    assert capsys.readouterr() == ("", "Error: no profile named 'x'\n")


def test_a_bug_shows_its_traceback_and_does_not_read_as_a_dead_database(capsys):
    assert run(raising(ZeroDivisionError()), []) == 70

    assert "ZeroDivisionError" in capsys.readouterr().err

"""Ask a running process: the option that names its socket, and its errors as messages and exit statuses."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

import click

from connmgr.cli.edge import UNDONE, UNREACHABLE, WRONG, CallError
from connmgr.cli.output import write_json

if TYPE_CHECKING:
    from connmgr.problem import Problem

VARIABLE: Final = "CONNMGR_SOCKET"

_WRONG: Final = {"ConfigError", "UnknownProfile", "ProfileRemoved", "Malformed"}
"""Errors of the files, or of the call; the others say that what was asked for could not be done."""

socket_option = click.option(
    "--socket", metavar="PATH", envvar=VARIABLE, help=f"Socket of the process; else ${VARIABLE}."
)


class Unanswered(CallError):
    """No process answers at the socket."""

    exit_code = UNREACHABLE


def ask(
    socket: str | None, verb: str, names: Collection[str] = (), *, every: bool = False, as_json: bool
) -> Any:
    """Return the answer of the process to a verb; where it is an error, tell that and end the command.

    Raises:
        click.UsageError: no socket is named.
        Unanswered: no process answers there.
        click.exceptions.Exit: it answered with an error, which was told.
    """
    from connmgr.admin import client
    from connmgr.admin.protocol import Request, Verb

    if not socket:
        raise click.UsageError(f"name the socket of the process with --socket or {VARIABLE}")
    try:
        return client.ask(socket, Request(Verb(verb), tuple(names), every))
    except client.Unreachable as error:
        raise Unanswered(str(error)) from error
    except client.Refused as error:
        if as_json:
            write_json({"error": error.error})
        else:
            click.echo(told(error.error), err=True)
        raise click.exceptions.Exit(status_of(error.error)) from error


def status_of(error: Mapping[str, Any]) -> int:
    """Return the exit status that an error of the process comes to."""
    return WRONG if error.get("type") in _WRONG else UNDONE


def told(error: Mapping[str, Any]) -> str:
    """Return an error as text: problems of files as `connmgr validate` shows them."""
    if not error.get("problems"):
        return f"Error: {printable(str(error.get('message')))}"
    from connmgr.cli import problems_view

    try:
        problems = [_problem(each) for each in error["problems"]]
    except ValueError:  # a code that a later version has
        return f"Error: {printable(str(error.get('message')))}"
    return f"{problems_view.text(problems)}\nError: {problems_view.counted(problems)}"


def _problem(plain: Mapping[str, Any]) -> Problem:
    from connmgr.problem import Code, Place, Problem

    place = Place(here(plain["file"]), plain["line"], plain["column"])
    texts = [printable(plain[key]) for key in ("path", "found", "accepted", "hint")]
    return Problem(place, *texts, code=Code(plain["code"]))


def here(file: str) -> str:
    """Return a file as it is named from where we are, if it is below."""
    below = os.path.relpath(file)
    return file if below.split(os.sep, 1)[0] == os.pardir else below


def printable(text: str) -> str:
    """Return the text with its control characters escaped, its lines left."""
    return "\n".join(
        "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
        for line in text.split("\n")
    )

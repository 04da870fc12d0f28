"""What the commands share that change how a process serves some profiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import click

from connmgr.cli.asking import ask, socket_option, status_of, told
from connmgr.cli.edge import OK, UNDONE
from connmgr.cli.names import names_argument
from connmgr.cli.options import json_option, shared_options
from connmgr.cli.output import one_line, write_json
from connmgr.cli.tables import write_table

F = TypeVar("F", bound=Callable[..., Any])

STATES: Final = {"pause": "paused", "resume": "active", "drain": "disabled", "disable": "disabled"}
"""What a profile is after a verb, unless somebody asked for something else meanwhile."""

TASKS: Final = {"drain": "cut off"}
"""What those are that an answer names; after the other verbs, they still have a connection."""


def verb_options(function: F) -> F:
    """Add NAMEs, `--all`, `--socket` and what all commands take."""
    options = (
        names_argument,
        click.option("--all", "every", is_flag=True, help="All profiles of the process."),
        socket_option,
        json_option,
        shared_options,
    )
    for option in reversed(options):
        function = option(function)
    return function


def carry_out(verb: str, names: tuple[str, ...], *, every: bool, socket: str | None, as_json: bool) -> int:
    """Ask for a verb, show what became of each profile, and return the exit status."""
    if bool(names) == every:
        raise click.UsageError("give NAMEs of profiles, or --all")
    answer = ask(socket, verb, names, every=every, as_json=as_json)
    if as_json:
        write_json(answer)
    else:
        _show(verb, answer)
    return max((_status(verb, each) for each in answer.values()), default=OK)


def _show(verb: str, answer: Mapping[str, Any]) -> None:
    rows = [(n, each["state"], _tasks(each["holders"])) for n, each in answer.items() if "error" not in each]
    if rows:
        write_table(("profile", "state", TASKS.get(verb, "still in use by")), rows)
    for name, each in answer.items():
        if "error" in each:
            click.echo(f"{name}: {told(each['error'])}", err=True)


def _tasks(holders: list[dict[str, Any]]) -> str:
    return ", ".join(one_line(f"{each['task']} ({each['held_for']:.1f} s)") for each in holders) or "-"


def _status(verb: str, answer: Mapping[str, Any]) -> int:
    """Whether the profile is as the verb leaves it, and nobody was in its way."""
    if "error" in answer:
        return status_of(answer["error"])
    is_left = verb != "drain" and answer["holders"]
    return UNDONE if is_left or answer["state"] != STATES.get(verb, answer["state"]) else OK

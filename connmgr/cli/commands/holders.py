"""`connmgr holders`: who has a connection of a running process now."""

from __future__ import annotations

import click

from connmgr.cli.asking import ask, socket_option
from connmgr.cli.names import names_argument
from connmgr.cli.options import json_option, shared_options
from connmgr.cli.output import one_line, write_json
from connmgr.cli.tables import write_table


@click.command()
@names_argument
@socket_option
@json_option
@shared_options
def command(*, names: tuple[str, ...], socket: str | None, as_json: bool) -> None:
    """Show who has a connection now.

    In the process at --socket, of all profiles or the NAMEs, the longest first. Where a connection was
    checked out is known where pool.leak_detection_threshold is set; --json has all lines of it.
    """
    answer = ask(socket, "holders", names, as_json=as_json)
    if as_json:
        write_json(answer)
        return
    found = [holder for holders in answer.values() for holder in holders]
    rows = [
        (each["profile"], one_line(each["task"]), f"{each['held_for']:.1f} s", _place(each["stack"]))
        for each in sorted(found, key=lambda each: -each["held_for"])
    ]
    write_table(("profile", "task", "held for", "checked out in"), rows)


def _place(stack: str) -> str:
    return one_line(stack.partition("\n")[0])

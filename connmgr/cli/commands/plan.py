"""`connmgr plan`: what a reload of a running process would change."""

from __future__ import annotations

import click

from connmgr.cli.asking import ask, socket_option
from connmgr.cli.options import json_option, shared_options
from connmgr.cli.output import write, write_json


@click.command()
@socket_option
@json_option
@shared_options
def command(*, socket: str | None, as_json: bool) -> None:
    """Show what a reload would change.

    In the process at --socket, which reads its files as they are now. Exit status 0 whatever it would change.
    """
    plan = ask(socket, "plan", as_json=as_json)
    if as_json:
        write_json(plan)
    else:
        from connmgr.cli.plan_view import text

        write(text(plan))

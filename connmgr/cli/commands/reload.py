"""`connmgr reload`: have a running process take its profile files as they are now."""

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
    """Bring changed profiles into service.

    In the process at --socket, all or nothing; shows what changed. Exit status 2 when there are problems in
    the files, 1 when an engine could not prove itself; then all is as it was. After Ctrl-C the reload goes
    on.
    """
    plan = ask(socket, "reload", as_json=as_json)
    if as_json:
        write_json(plan)
    else:
        from connmgr.cli.plan_view import text

        write(text(plan))

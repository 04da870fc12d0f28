"""`connmgr drain`: have a running process close profiles when their work is done."""

from __future__ import annotations

import click

from connmgr.cli.profile_verbs import carry_out, verb_options


@click.command()
@verb_options
def command(*, names: tuple[str, ...], every: bool, socket: str | None, as_json: bool) -> int:
    """Refuse new work on profiles, and close them.

    In the process at --socket. What is under way has reload.drain_timeout to end; then it is cut off, and
    named. The profiles stay disabled until `connmgr enable`. After Ctrl-C the draining goes on.
    """
    return carry_out("drain", names, every=every, socket=socket, as_json=as_json)

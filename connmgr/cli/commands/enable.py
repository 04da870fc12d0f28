"""`connmgr enable`: serve profiles again that were disabled or drained."""

from __future__ import annotations

import click

from connmgr.cli.profile_verbs import carry_out, verb_options


@click.command()
@verb_options
def command(*, names: tuple[str, ...], every: bool, socket: str | None, as_json: bool) -> int:
    """Serve profiles that were disabled or drained.

    In the process at --socket.
    """
    return carry_out("enable", names, every=every, socket=socket, as_json=as_json)

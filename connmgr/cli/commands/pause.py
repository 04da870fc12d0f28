"""`connmgr pause`: let new work on profiles of a running process wait."""

from __future__ import annotations

import click

from connmgr.cli.profile_verbs import carry_out, verb_options


@click.command()
@verb_options
def command(*, names: tuple[str, ...], every: bool, socket: str | None, as_json: bool) -> int:
    """Let new work on profiles wait.

    In the process at --socket. What is under way ends; returns when no connection is open any more, or after
    reload.drain_timeout with exit status 1 and those who still have one. The profiles stay paused until
    `connmgr resume`, also after Ctrl-C.
    """
    return carry_out("pause", names, every=every, socket=socket, as_json=as_json)

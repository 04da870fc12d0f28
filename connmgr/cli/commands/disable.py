"""`connmgr disable`: have a running process refuse new work on profiles."""

from __future__ import annotations

import click

from connmgr.cli.profile_verbs import carry_out, verb_options


@click.command()
@verb_options
def command(*, names: tuple[str, ...], every: bool, socket: str | None, as_json: bool) -> int:
    """Refuse new work on profiles.

    In the process at --socket. What is under way goes on.
    """
    return carry_out("disable", names, every=every, socket=socket, as_json=as_json)

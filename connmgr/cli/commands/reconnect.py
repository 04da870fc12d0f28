"""`connmgr reconnect`: have a running process replace every connection of profiles."""

from __future__ import annotations

import click

from connmgr.cli.profile_verbs import carry_out, verb_options


@click.command()
@verb_options
def command(*, names: tuple[str, ...], every: bool, socket: str | None, as_json: bool) -> int:
    """Replace every connection of profiles.

    In the process at --socket. Idle ones are replaced at once, the others as they come back; none in use is
    cut. Returns when that is done, or after reload.drain_timeout with exit status 1 and those who still have
    an old one.
    """
    return carry_out("reconnect", names, every=every, socket=socket, as_json=as_json)

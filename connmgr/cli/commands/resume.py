"""`connmgr resume`: go on with profiles that were paused."""

from __future__ import annotations

import click

from connmgr.cli.profile_verbs import carry_out, verb_options


@click.command()
@verb_options
def command(*, names: tuple[str, ...], every: bool, socket: str | None, as_json: bool) -> int:
    """Go on with profiles that were paused.

    In the process at --socket. Those who waited are served in order.
    """
    return carry_out("resume", names, every=every, socket=socket, as_json=as_json)

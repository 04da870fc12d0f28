"""`connmgr pools`: the pools of a running process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from connmgr.cli.asking import ask, socket_option
from connmgr.cli.names import names_argument
from connmgr.cli.options import json_option, shared_options
from connmgr.cli.output import write_json
from connmgr.cli.tables import write_table

GAUGES = ("in_use", "max", "idle", "connecting", "waiting", "retiring")
COUNTERS = ("checkouts", "timeouts", "failed")
HEADER = ("profile", "state", *(name.replace("_", " ") for name in GAUGES), "longest wait", *COUNTERS)


@click.command()
@names_argument
@socket_option
@json_option
@shared_options
def command(*, names: tuple[str, ...], socket: str | None, as_json: bool) -> None:
    """Show the pools of profiles in use.

    In the process at --socket: those in use, those that are paused or disabled, or the NAMEs. What the
    counters mean stands in docs/pool.md; --json has all of them.
    """
    answer = ask(socket, "pools", names, as_json=as_json)
    if as_json:
        write_json(answer)
    else:
        write_table(HEADER, [(name, each["state"], *_cells(each["stats"])) for name, each in answer.items()])


def _cells(stats: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the counters; of a profile that is not in use there are none."""
    if stats is None:
        return ("-",) * (len(HEADER) - 2)
    gauges = ("no limit" if stats[name] is None else str(stats[name]) for name in GAUGES)
    return (*gauges, f"{stats['oldest_wait']:.1f} s", *(str(stats[name]) for name in COUNTERS))

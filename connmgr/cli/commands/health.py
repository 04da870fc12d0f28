"""`connmgr health`: check databases and say how they are."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

import click

from connmgr.cli.edge import OK, UNHEALTHY
from connmgr.cli.health_rounds import check_once, check_until_interrupted
from connmgr.cli.health_view import Reports, open_view
from connmgr.cli.log_sink import start_logs
from connmgr.cli.names import names_argument, profiles_directory
from connmgr.cli.options import json_option, shared_options
from connmgr.report import Status

INTERVAL = 2.0
SHORTEST, LONGEST = 0.1, 86400.0
NUMBER = re.compile(r"[0-9]*\.?[0-9]+")


class WatchCommand(click.Command):
    """A command whose `--watch` may stand before a NAME; click would read the name as the seconds."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put in the seconds that `--watch` leaves out."""
        return super().parse_args(ctx, _with_interval(args))


def _with_interval(arguments: Sequence[str]) -> list[str]:
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = list(arguments[:end])
    for index, argument in enumerate(options):
        follower = options[index + 1] if index + 1 < len(options) else ""
        if argument == "--watch" and not NUMBER.fullmatch(follower):
            options[index] = f"--watch={INTERVAL:g}"
    return [*options, *arguments[end:]]


def _accept_interval(_: click.Context, __: click.Parameter, value: float | None) -> float | None:
    """Refuse what would flood the databases or never check again, `nan` and `inf` included."""
    if value is not None and not SHORTEST <= value <= LONGEST:
        raise click.BadParameter(f"{value:g} is not from {SHORTEST:g} to {LONGEST:g} seconds")
    return value


@click.command(cls=WatchCommand)
@names_argument
@click.option(
    "--watch",
    metavar="[SECONDS]",
    type=float,
    callback=_accept_interval,
    help=f"Check again every SECONDS, {INTERVAL:g} unless given, until Ctrl-C.",
)
@click.option("--group", metavar="NAME", help="Check the profiles of this group of _registry.yaml.")
@click.option(
    "--integrity",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True, max=LONGEST),
    help="Also read SQLite databases whole, for at most SECONDS each.",
)
@json_option
@shared_options
@click.pass_context
def command(
    context: click.Context,
    *,
    names: tuple[str, ...],
    watch: float | None,
    group: str | None,
    integrity: float | None,
    as_json: bool,
) -> int:
    """Check the databases and show how they are.

    All profiles, or the NAMEs, are checked at once. Exit status 1 when a profile that is critical, or
    named here, is unhealthy. One that is degraded answers, and leaves it at 0.
    """
    from connmgr.registry import Registry

    if group is not None and names:
        raise click.UsageError("give NAMEs or --group, not both")
    if integrity is not None and watch is not None:
        raise click.UsageError("--integrity reads whole databases, which --watch would do again and again")
    registry = Registry.load(profiles_directory(context), names=names or None)
    start_logs(context)
    chosen = list(dict.fromkeys(names or (registry if group is None else registry.group(group))))
    with open_view(chosen, as_json=as_json, repeats=watch is not None) as show:
        if watch is None:
            reports = asyncio.run(check_once(registry, chosen, show, integrity))
        else:
            reports = asyncio.run(check_until_interrupted(registry, chosen, show, watch))
    return _status(reports, named=bool(names))


def _status(reports: Reports, *, named: bool) -> int:
    unhealthy = [report for report in reports.values() if report.status is Status.UNHEALTHY]
    return UNHEALTHY if any(named or report.critical for report in unhealthy) else OK

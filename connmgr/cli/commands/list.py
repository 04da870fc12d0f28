"""`connmgr list`: the profiles, as written."""

from __future__ import annotations

from collections.abc import Sequence

import click

from connmgr.cli.edge import OK, WRONG
from connmgr.cli.names import profiles_directory
from connmgr.cli.options import json_option, shared_options
from connmgr.cli.output import count, one_line, write_json
from connmgr.cli.tables import write_table
from connmgr.problem import Code, Problem


@click.command()
@json_option
@shared_options
@click.pass_context
def command(context: click.Context, *, as_json: bool) -> int:
    """List the profiles: name, description, file.

    Nothing is looked up in the environment. Files with problems are counted on standard error and
    make the exit status 2; the others are listed all the same.
    """
    from connmgr.config.loader import load_profiles

    directory = profiles_directory(context)
    result = load_profiles(directory)
    profiles = [result.profiles[name] for name in sorted(result.profiles)]
    if as_json:
        write_json({p.name: {"description": p.description, "file": p.file} for p in profiles})
    else:
        rows = [(p.name, one_line(p.description), p.file) for p in profiles]
        write_table(("profile", "description", "file"), rows)
    if not result.problems:
        return OK
    click.echo(_problems(result.problems), err=True)
    return WRONG


def _problems(problems: Sequence[Problem]) -> str:
    """Count the problems of files; that there are no files is told in full."""
    if problems[0].code is Code.NO_PROFILES:
        return str(problems[0])
    return f"{count(len(problems), 'problem')} in other files: see `connmgr validate`"

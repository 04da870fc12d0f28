"""`connmgr validate`: everything wrong in the profile files, at once."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import click

from connmgr.cli.edge import OK, WRONG
from connmgr.cli.names import broken_names, names_argument, profiles_directory, require_known, stem
from connmgr.cli.options import shared_options
from connmgr.cli.output import count, write
from connmgr.problem import Problem

if TYPE_CHECKING:
    from connmgr.config.diagnostics import Format


@click.command()
@names_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "json", "github")),
    default="text",
    help="text for people, json for programs, github for annotations in a pull request.",
)
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@shared_options
@click.pass_context
def command(context: click.Context, *, names: tuple[str, ...], form: Format) -> int:
    """Check the profile files and print every problem.

    All files, or those of the NAMEs. No environment and no database is needed. Exit status 2 when there
    is a problem.
    """
    from connmgr.config.diagnostics import render
    from connmgr.config.loader import load_profiles

    directory = profiles_directory(context)
    result = load_profiles(directory)
    require_known(names, {*result.profiles, *broken_names(result.problems, directory)}, directory)
    problems = [problem for problem in result.problems if not names or stem(problem, directory) in names]
    profiles = [name for name in result.profiles if not names or name in names]
    lines = [render(problems, form)]
    if form == "text":
        lines.append(_summary(problems, len(profiles)))
    write("\n".join(filter(None, lines)))
    return WRONG if problems else OK


def _summary(problems: Collection[Problem], profiles: int) -> str:
    if not problems:
        return f"{count(profiles, 'profile')}, no problem"
    files = {problem.place.file for problem in problems}
    return f"{count(len(problems), 'problem')} in {count(len(files), 'file')}"

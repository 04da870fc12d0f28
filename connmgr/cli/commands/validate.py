"""`connmgr validate`: everything wrong in the profile files, at once."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import click

from connmgr.cli.edge import OK, WRONG
from connmgr.cli.names import load_named, names_argument, profiles_directory
from connmgr.cli.options import shared_options
from connmgr.cli.output import count, write
from connmgr.cli.problems_view import counted, text
from connmgr.problem import Problem

if TYPE_CHECKING:
    from connmgr.config.diagnostics import Format
    from connmgr.config.loader import LoadResult


@click.command()
@names_argument
@click.option(
    "--settle", is_flag=True, help="Look references up in the environment too, as the first use would."
)
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
def command(context: click.Context, *, names: tuple[str, ...], settle: bool, form: Format) -> int:
    """Check the profile files and print every problem.

    All files, or those that the NAMEs need. No environment and no database is needed. Exit status 2
    when there is a problem; a warning is none. `connmgr explain CODE` says more about one.
    """
    result = load_named(profiles_directory(context), names)
    found = {*result.problems, *result.warnings}
    if settle:
        # A set, for what a base cannot settle is found again in each profile that extends it.
        found |= _unsettled(result)
    problems = sorted(found)
    lines = [_rendered(problems, form)]
    if form == "text":
        lines.append(_summary(problems, len(result.profiles)))
    write("\n".join(filter(None, lines)))
    return OK if all(problem.code.is_warning for problem in problems) else WRONG


def _unsettled(result: LoadResult) -> set[Problem]:
    import os

    from connmgr.config.settle import unsettled
    from connmgr.secret import Environment

    of_registry = result.registry.unsettled(Environment(os.environ)) if result.registry else ()
    of_profiles = (problem for each in result.profiles.values() for problem in unsettled(each, os.environ))
    return {*of_registry, *of_profiles}


def _rendered(problems: Collection[Problem], form: Format) -> str:
    if not problems:
        return "[]" if form == "json" else ""
    if form == "text":
        return text(problems)
    from connmgr.config.diagnostics import render

    return render(problems, form)


def _summary(problems: Collection[Problem], profiles: int) -> str:
    errors = [problem for problem in problems if not problem.code.is_warning]
    warnings = count(len(problems) - len(errors), "warning") if len(errors) < len(problems) else ""
    if not errors:
        return ", ".join(filter(None, (count(profiles, "profile"), "no problem", warnings)))
    return ", ".join(filter(None, (counted(errors), warnings)))

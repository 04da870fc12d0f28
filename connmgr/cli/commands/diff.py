"""`connmgr diff`: where two profiles differ."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from connmgr.cli.names import complete_names, load_one_each, profiles_directory
from connmgr.cli.options import json_option, shared_options
from connmgr.cli.output import one_line, write, write_json
from connmgr.cli.settings_view import flat_values
from connmgr.cli.tables import write_table

if TYPE_CHECKING:
    from connmgr.config.outline import Said
    from connmgr.profile import Profile

UNSAID = "-"


@click.command()
@click.argument("first", metavar="A", shell_complete=complete_names)
@click.argument("second", metavar="B", shell_complete=complete_names)
@click.option(
    "--settle", is_flag=True, help="Compare effective settings: references looked up, defaults filled in."
)
@json_option
@shared_options
@click.pass_context
def command(context: click.Context, *, first: str, second: str, settle: bool, as_json: bool) -> None:
    """Show where profile A and profile B differ.

    They are compared as written, bases merged in; no environment is needed unless --settle is given.
    Secrets are masked; where only they differ, B's is called another. Exit status 0 in any case.
    """
    one, other = load_one_each(profiles_directory(context), (first, second))
    differences = _differences(_values(one, settle=settle), _values(other, settle=settle))
    if as_json:
        write_json({name: {first: left, second: right} for name, (left, right) in differences.items()})
    elif differences:
        rows = [
            (name, *(UNSAID if v is None else one_line(v) for v in pair))
            for name, pair in differences.items()
        ]
        write_table(("setting", first, second), rows)
    else:
        write("no difference")


def _values(profile: Profile, *, settle: bool) -> Mapping[str, Said]:
    from connmgr.config.outline import Said, outline

    if not settle:
        return outline(profile)
    from connmgr.config.settle import settle as settled

    return {name: Said(text, text) for name, text in flat_values(settled(profile, os.environ)).items()}


def _differences(
    one: Mapping[str, Said], other: Mapping[str, Said]
) -> dict[str, tuple[str | None, str | None]]:
    pairs = {name: (one.get(name), other.get(name)) for name in dict.fromkeys((*one, *other))}
    return {name: _shown(*pair) for name, pair in pairs.items() if _differ(*pair) and name != "name"}


def _differ(left: Said | None, right: Said | None) -> bool:
    return left is None or right is None or left.value != right.value


def _shown(left: Said | None, right: Said | None) -> tuple[str | None, str | None]:
    """Return both texts; where only what is masked differs, the second says so."""
    first, second = left and left.text, right and right.text
    return (first, f"{second} (another)") if first == second else (first, second)

"""`connmgr show`: the effective settings of one profile."""

from __future__ import annotations

import os

import click

from connmgr.cli.names import broken_names, name_argument, profiles_directory, require_known, stem
from connmgr.cli.options import json_option, shared_options
from connmgr.cli.output import write, write_json
from connmgr.cli.settings_view import plain_values, text_lines
from connmgr.errors import ConfigError


@click.command()
@name_argument
@json_option
@shared_options
@click.pass_context
def command(context: click.Context, *, name: str, as_json: bool) -> None:
    """Show the effective settings of NAME, secrets masked.

    References are looked up in the environment, as at the first use of the profile.
    """
    from connmgr.config.loader import load_profiles
    from connmgr.config.settle import settle

    directory = profiles_directory(context)
    result = load_profiles(directory)
    broken = [problem for problem in result.problems if stem(problem, directory) in {name, None}]
    if broken:
        raise ConfigError(broken)
    require_known([name], {*result.profiles, *broken_names(result.problems, directory)}, directory)
    values = plain_values(settle(result.profiles[name], os.environ))
    if as_json:
        write_json(values)
    else:
        write("\n".join(text_lines(values)))

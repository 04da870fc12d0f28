"""`connmgr show`: the effective settings of one profile."""

from __future__ import annotations

import os

import click

from connmgr.cli.names import load_one_each, name_argument, profiles_directory
from connmgr.cli.options import json_option, shared_options
from connmgr.cli.origin_view import write_origins
from connmgr.cli.output import write, write_json
from connmgr.cli.settings_view import plain_values, text_lines


@click.command()
@name_argument
@click.option(
    "--origin", is_flag=True, help="Show each value's default, where it came from, and what a reload does."
)
@json_option
@shared_options
@click.pass_context
def command(context: click.Context, *, name: str, origin: bool, as_json: bool) -> None:
    """Show the effective settings of NAME, secrets masked.

    References are looked up in the environment, as at the first use of the profile.
    """
    from connmgr.config.settle import settle

    (profile,) = load_one_each(profiles_directory(context), [name])
    settings = settle(profile, os.environ)
    if origin:
        write_origins(profile, settings, as_json=as_json)
    elif as_json:
        write_json(plain_values(settings))
    else:
        write("\n".join(text_lines(plain_values(settings))))

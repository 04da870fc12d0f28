"""`connmgr schema`: print the JSON Schema of a profile."""

from __future__ import annotations

import click

from connmgr.cli.options import json_option, shared_options
from connmgr.cli.output import write


@click.command()
@json_option
@shared_options
def command(*, as_json: bool) -> None:
    """Print the JSON Schema of a profile."""
    from connmgr.config.schema import schema_text

    write(schema_text())

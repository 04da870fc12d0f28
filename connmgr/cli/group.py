"""The group `connmgr`: its commands, each imported when it is asked for.

A command is one file in `connmgr.cli.commands` and one word in `COMMANDS`. Its module imports click and
the standard library at the top and everything else inside the function, so that `--help` and completion
cost no SQLAlchemy.
"""

from __future__ import annotations

from importlib import import_module
from keyword import iskeyword

import click

from connmgr.cli.options import shared_options

COMMANDS = (
    *("init", "import", "validate", "explain", "list", "show", "diff", "health", "serve", "schema"),
    # of a running process
    *("plan", "reload", "pause", "resume", "reconnect", "drain", "disable", "enable", "holders", "pools"),
)


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is invoked."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the commands in the order in which a new user needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of the command; None when there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        # A module cannot be called `import`: no statement could name it.
        module = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command: click.Command = import_module(f"connmgr.cli.commands.{module}").command
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="connmgr", message="%(prog)s %(version)s")
@shared_options
def connmgr() -> None:
    """Look after connections to databases; one YAML file is one profile.

    Exit status: 0 well; 1 a critical profile, or one named on the line, is unhealthy, or a verb did not
    fully succeed; 2 the files or the call are wrong; 3 no process answers at the socket; 70 a defect of
    connmgr's own; the traceback says where.

    Completion: put `eval "$(_CONNMGR_COMPLETE=bash_source connmgr)"` into ~/.bashrc
    (zsh_source for ~/.zshrc; `_CONNMGR_COMPLETE=fish_source connmgr | source` for fish).
    """

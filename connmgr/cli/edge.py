"""The process edge: run a command, turn what it raises into one message and an exit status.

0    well
1    a critical profile, or one named on the line, is unhealthy, or a verb did not fully succeed
2    the files or the call are wrong
3    no process answers at the socket
70   a defect of connmgr's own; the traceback says where
130  interrupted (Ctrl-C)
141  the reader of standard output went away
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from connmgr.errors import ConnmgrError

OK, UNHEALTHY, WRONG, UNREACHABLE, DEFECT = 0, 1, 2, 3, 70
UNDONE = UNHEALTHY
INTERRUPTED, READER_GONE = 128 + 2, 128 + 13


class CallError(click.ClickException):
    """The call cannot be carried out as it was made; the message says what to change."""

    exit_code = WRONG


def run(command: click.Command, arguments: Sequence[str]) -> int:
    """Run `command`, whose return value is its exit status, and return the status of the process."""
    _show_what_the_locale_cannot_write()
    try:
        # standalone mode would answer Ctrl-C with 1, which here means an unhealthy profile
        status = command.main(arguments, prog_name="connmgr", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except ConnmgrError as error:
        click.echo(f"Error: {error}", err=True)
        return WRONG
    except click.Abort:
        return INTERRUPTED
    except Exception:  # noqa: BLE001 - Python's own status for this, 1, would read as a dead database
        # Imported here: commands that end well need not wait for it.
        import traceback

        traceback.print_exc()
        return DEFECT
    return int(status or OK)


def _show_what_the_locale_cannot_write() -> None:
    """Escape what the terminal's encoding lacks; a traceback instead of a report helps nobody."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")

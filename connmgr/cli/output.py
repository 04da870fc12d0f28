"""Write results to standard output, whatever is at its other end."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping

import click

from connmgr.cli.edge import READER_GONE, CallError


def write(text: str) -> None:
    """Write `text`, ended by one newline, and flush it; an empty one is not a line.

    Raises:
        click.exceptions.Exit: the reader went away, as in `connmgr list | head -1`.
        CallError: the disk is full, or the like.
    """
    try:
        click.echo(f"{text.rstrip()}\n" if text else "", nl=False)
    except BrokenPipeError as error:
        _abandon_stdout()
        raise click.exceptions.Exit(READER_GONE) from error
    except OSError as error:
        _abandon_stdout()
        raise CallError(f"cannot write to standard output: {error.strerror}") from error


def write_json(value: Mapping[str, object], *, indent: int | None = 2) -> None:
    """Write `value` as JSON in ASCII, which every locale can carry; on one line without `indent`."""
    write(json.dumps(value, indent=indent))


def on_terminal() -> bool:
    """Say whether someone looks at standard output, on a terminal that can move its cursor."""
    return sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def count(number: int, noun: str) -> str:
    """Return the number with its noun, in the plural unless it is one."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def one_line(text: str) -> str:
    """Return the text without line ends and with its control characters escaped.

    A server's message reaches a terminal here: an escape sequence in it would rewrite the screen.
    """
    words = " ".join(text.split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in words)


def _abandon_stdout() -> None:
    """Point standard output at the null device.

    Without it the interpreter flushes what is left at exit, fails again, prints that it ignored the
    exception, and leaves with status 120.
    """
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)

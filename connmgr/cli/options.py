"""The options that every command takes, before its name or after it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

LEVELS = ("debug", "info", "warning", "error", "critical")
VARIABLE = "CONNMGR_PROFILES"
DEFAULT = "profiles"

F = TypeVar("F", bound=Callable[..., Any])


def _key(name: str) -> str:
    return f"connmgr.{name}"


def _remember(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    """Keep the value for the whole call; the group's and the command's contexts share `meta`."""
    if value is not None:
        context.meta[_key(str(parameter.name))] = value


def shared_options(function: F) -> F:
    """Add `--profiles`, `--log-level` and `--log-format`; an option after the command's name wins."""
    options = (
        click.option(
            "--profiles",
            metavar="DIR",
            type=click.Path(file_okay=False),
            expose_value=False,
            callback=_remember,
            help=f"Directory of the profiles; else ${VARIABLE}, else ./{DEFAULT}.",
        ),
        click.option(
            "--log-level",
            type=click.Choice(LEVELS, case_sensitive=False),
            expose_value=False,
            callback=_remember,
            help="Least level of log events shown on standard error; warning unless given.",
        ),
        click.option(
            "--log-format",
            type=click.Choice(("text", "json")),
            expose_value=False,
            callback=_remember,
            help="Log events as text, or as one JSON object per line; text unless given.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def profiles_path(context: click.Context) -> Path:
    """Return the directory of the profiles as the call names it; it need not exist."""
    return Path(context.meta.get(_key("profiles")) or os.environ.get(VARIABLE) or DEFAULT)


def log_level(context: click.Context) -> str:
    """Return the least level of log events to show, as loguru spells it."""
    return str(context.meta.get(_key("log_level"), "warning")).upper()


def log_format(context: click.Context) -> str:
    """Return `text` or `json`."""
    return str(context.meta.get(_key("log_format"), "text"))

"""Send connmgr's log events to standard error, as text or as JSON lines."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from connmgr.cli.options import log_format, log_level
from connmgr.cli.output import one_line
from connmgr.logs import NAME

if TYPE_CHECKING:
    from loguru import Message


def start_logs(context: click.Context) -> None:
    """Enable connmgr's log events and make standard error their only sink."""
    from loguru import logger

    line = json_line if log_format(context) == "json" else text_line
    logger.remove()
    # diagnose prints the values of local variables in tracebacks, passwords among them
    logger.add(_sink(line), level=log_level(context), format="{message}", diagnose=False, backtrace=False)
    logger.enable(NAME)


def text_line(time: dt.datetime, level: str, message: str, fields: Mapping[str, object]) -> str:
    """Return an event for people: time in UTC, level, message, then the bound fields."""
    facts = "".join(f"  {name}={one_line(str(value))}" for name, value in fields.items())
    return f"{_utc(time)} {level} {one_line(message)}{facts}"


def json_line(time: dt.datetime, level: str, message: str, fields: Mapping[str, object]) -> str:
    """Return an event for programs: a JSON object, the bound fields beside time, level and message."""
    facts = {"time": _utc(time), "level": level, "message": message}
    return json.dumps({**fields, **facts}, default=str)


def _sink(line: Callable[..., str]) -> Callable[[Message], None]:
    def write(message: Message) -> None:
        record: Mapping[str, Any] = message.record
        text = line(record["time"], record["level"].name, record["message"], record["extra"])
        # looked up at each event: a live table puts its own stream there while it is drawn
        sys.stderr.write(f"{text}\n")

    return write


def _utc(time: dt.datetime) -> str:
    return time.astimezone(dt.UTC).isoformat(timespec="milliseconds")

"""Log events as lines."""

from __future__ import annotations

import datetime as dt
import json

import click
import pytest
from loguru import logger

from connmgr import logs
from connmgr.cli.log_sink import json_line, start_logs, text_line

TIME = dt.datetime(2026, 1, 2, 4, 5, 6, 789000, tzinfo=dt.timezone(dt.timedelta(hours=1)))


def test_text_has_the_time_in_utc_then_the_level_the_message_and_the_fields():
    line = text_line(TIME, "WARNING", "engine retired", {"profile": "orders", "left": 2})

    assert line == "2026-01-02T03:05:06.789+00:00 WARNING engine retired  profile=orders  left=2"


def test_text_is_one_line_whatever_the_fields_hold():
    line = text_line(TIME, "ERROR", "one\ntwo", {"error": "three\n\x1b[31mfour"})

    assert line.endswith("ERROR one two  error=three \\x1b[31mfour")


def test_json_has_time_level_message_and_the_fields_side_by_side():
    line = json_line(TIME, "WARNING", "engine retired", {"profile": "orders", "left": 2})

    assert json.loads(line) == {
        "time": "2026-01-02T03:05:06.789+00:00",
        "level": "WARNING",
        "message": "engine retired",
        "profile": "orders",
        "left": 2,
    }


def test_json_shows_what_it_has_no_type_for_as_text():
    line = json_line(TIME, "INFO", "m", {"at": TIME.date()})

    assert json.loads(line)["at"] == "2026-01-02"


def test_a_field_cannot_take_the_place_of_the_message():
    line = json_line(TIME, "INFO", "the message", {"message": "another"})

    assert json.loads(line)["message"] == "the message"


@pytest.fixture
def started():
    """Start the logs as the options say; afterwards loguru is as quiet as an application finds it."""

    def started(**options: str) -> None:
        context = click.Context(click.Command("health"))
        context.meta.update({f"connmgr.{name}": value for name, value in options.items()})
        start_logs(context)

    yield started

    logger.remove()
    logger.disable(logs.NAME)


def emit(level: str, message: str, **fields: object) -> None:
    """Log an event as a module of connmgr's would."""
    module = {"__name__": "connmgr.example", "event": logs.event, "call": (level, message), "fields": fields}
    exec("event(*call, **fields)", module)


def test_warnings_reach_standard_error_and_lesser_events_do_not(started, capsys):
    started()

    emit("INFO", "engine built", profile="orders")
    emit("WARNING", "engine retired", profile="orders")

    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert out == ""
    assert line.endswith(" WARNING engine retired  profile=orders")


def test_json_events_of_the_level_asked_for_are_one_object_per_line(started, capsys):
    started(log_level="debug", log_format="json")

    emit("DEBUG", "engine built", profile="orders")
    emit("ERROR", "{not a template}", size=3)

    built, failed = map(json.loads, capsys.readouterr().err.splitlines())
    assert (built["level"], built["message"], built["profile"]) == ("DEBUG", "engine built", "orders")
    assert (failed["message"], failed["size"]) == ("{not a template}", 3)

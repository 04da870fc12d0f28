"""The library is silent until the application enables it, whenever it does so."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

# An event comes from a module of ours: loguru enables and disables by the caller's module.
EMIT = """
def emit():
    source = 'from connmgr import logs; logs.event("WARNING", "it happened", profile="orders", held_for=1.5)'
    exec(source, {"__name__": "connmgr.runtime.probe"})
"""
SINK = """
import json, sys
from loguru import logger
logger.remove()
def write(message):
    record = message.record
    print(json.dumps([record["level"].name, record["message"], record["name"], record["extra"]]))
logger.add(write, level=0)
"""
EVENT = ["WARNING", "it happened", "connmgr.runtime.probe", {"profile": "orders", "held_for": 1.5}]


def run(script: str) -> list[object]:
    """Run a program of its own: what is enabled is a fact of the whole process. Returns the events seen."""
    command = [sys.executable, "-W", "error", "-c", EMIT + script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("setup", ["", SINK], ids=["loguru as it comes", "a sink for everything"])
def test_the_library_is_silent_by_default(setup: str) -> None:
    assert run(f"{setup}\nemit()\nemit()") == []


def test_an_application_that_enables_before_the_first_event_sees_it() -> None:
    assert run(f'{SINK}\nlogger.enable("connmgr")\nemit()') == [EVENT]


def test_an_application_that_enables_before_connmgr_is_imported_sees_the_first_event() -> None:
    script = f'{SINK}\nlogger.enable("connmgr")\nassert "connmgr" not in sys.modules\nemit()'

    assert run(script) == [EVENT]


def test_an_application_that_enables_later_sees_what_comes_after() -> None:
    assert run(f'{SINK}\nemit()\nlogger.enable("connmgr")\nemit()') == [EVENT]


def test_an_application_that_disables_again_sees_no_more() -> None:
    script = f'{SINK}\nlogger.enable("connmgr")\nemit()\nlogger.disable("connmgr")\nemit()'

    assert run(script) == [EVENT]


def test_logging_of_the_application_itself_is_left_alone() -> None:
    script = f'{SINK}\nemit()\nlogger.bind(mine=True).info("hello")'

    assert run(script) == [["INFO", "hello", "__main__", {"mine": True}]]


def test_a_command_that_only_reads_files_does_not_import_loguru() -> None:
    assert run('import sys, connmgr.logs\nassert "loguru" not in sys.modules') == []

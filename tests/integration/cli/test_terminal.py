"""What someone at a terminal sees: a live table, colours unless refused, nothing cut."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.rig.ports import LOOPBACK, free_port

ESCAPE = re.compile(r"\x1b\[[?0-9;]*[a-zA-Z]")
COLOUR = re.compile(r"\x1b\[(?:\d+;)*3[0-7]m")
SHOW_CURSOR = "\x1b[?25h"


@dataclass(frozen=True)
class Screen:
    """Everything that was written to the terminal, and the exit status of who wrote it."""

    status: int
    raw: str

    @property
    def text(self) -> str:
        """What was written, without control codes."""
        return ESCAPE.sub("", self.raw).replace("\r", "")

    @property
    def last(self) -> str:
        """The table as it was drawn last."""
        return "profile" + self.text.rsplit("profile ", 1)[1]


@pytest.fixture
def on_terminal(tmp_path, environ) -> Callable[..., Screen]:
    """Run `connmgr` on a terminal of its own; Ctrl-C is pressed when `until` of its text is true."""

    def run(
        *arguments: str, columns: int = 160, until: Callable[[str], bool] | None = None, **variables: str
    ) -> Screen:
        ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        with os.fdopen(ours, "rb", buffering=0) as screen:
            process = subprocess.Popen(
                [sys.executable, "-m", "connmgr", *arguments],
                cwd=tmp_path,
                env=environ | variables,
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
            )
            os.close(theirs)
            raw = ""
            while chunk := read(screen):
                raw += chunk
                if until and until(ESCAPE.sub("", raw)):
                    process.send_signal(signal.SIGINT)
                    until = None
            return Screen(process.wait(30), raw)

    return run


def read(screen) -> str:
    """Return what the terminal has to show; empty when everyone has left it."""
    try:
        return screen.read(65536).decode()
    except OSError:  # Linux says EIO where others say end of file
        return ""


def test_the_live_table_starts_with_checking_and_ends_with_every_report(on_terminal, sqlite_profiles):
    screen = on_terminal("health")

    assert screen.status == 0
    assert screen.text.count("checking") >= 2
    assert screen.last.count("healthy") == 2
    assert "checking" not in screen.last
    assert COLOUR.search(screen.raw)
    assert screen.raw.rindex(SHOW_CURSOR) > screen.raw.rindex("healthy")


def test_no_color_is_honoured(on_terminal, sqlite_profiles):
    screen = on_terminal("health", NO_COLOR="1")

    assert screen.last.count("healthy") == 2
    assert not COLOUR.search(screen.raw)


def test_a_dumb_terminal_gets_plain_columns(on_terminal, sqlite_profiles):
    screen = on_terminal("health", TERM="dumb")

    assert screen.raw.count("healthy") == 2
    assert "\x1b" not in screen.raw


@pytest.mark.parametrize("columns", [160, 80, 40])
def test_advice_stays_whole_however_narrow_the_terminal_is(on_terminal, write_profile, columns):
    port = free_port()
    write_profile("orders.yaml", f"url: postgresql://app@{LOOPBACK}:{port}/orders?sslmode=disable\n")

    screen = on_terminal("health", columns=columns)

    piped = on_terminal("health", TERM="dumb").text.splitlines()[1]
    advice = piped.split("0 of 15", 1)[1].split()
    shown = screen.last.split()
    assert screen.status == 1
    assert [word for word in advice if word not in shown] == []


def test_watch_draws_the_table_anew_until_ctrl_c_and_gives_the_cursor_back(on_terminal, sqlite_profiles):
    screen = on_terminal("health", "--watch", "0.1", until=lambda text: text.count("Ctrl-C ends") > 5)

    assert screen.status == 0
    assert screen.raw.rindex(SHOW_CURSOR) > screen.raw.rindex("Ctrl-C ends")
    assert "Traceback" not in screen.text


def test_list_wraps_on_a_narrow_terminal_and_reads_no_markup(on_terminal, write_profile):
    write_profile("a.yaml", "description: '[red]one two three four five[/red]'\nurl: sqlite://\n")

    screen = on_terminal("list", columns=40)

    assert {"[red]one", "two", "three", "four", "five[/red]"} <= set(screen.text.split())
    assert max(map(len, screen.text.splitlines())) <= 40

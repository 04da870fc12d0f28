"""Whatever is at the other end of the streams: closed pipes, full disks, other locales, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rig.ports import LOOPBACK

LONG = "A description that is long enough to fill the pipe " * 3


def test_a_reader_that_goes_away_is_not_an_error_message(start, write_profile):
    for number in range(1000):
        write_profile(f"p{number}.yaml", f"description: {LONG}\nurl: sqlite://\n")
    process = start("list")

    process.stdout.readline()
    process.stdout.close()

    with process.stderr as stderr:
        assert stderr.read() == ""
    assert process.wait(60) == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full disk at hand")
def test_a_full_disk_is_one_clear_message(tmp_path, environ, sqlite_profiles):
    with Path("/dev/full").open("w") as full:
        outcome = subprocess.run(
            [sys.executable, "-m", "connmgr", "list"],
            cwd=tmp_path,
            env=environ,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )

    assert outcome.returncode == 2
    assert outcome.stderr == f"Error: cannot write to standard output: {os.strerror(28)}\n"


@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}])
def test_a_locale_without_the_characters_gets_the_output_all_the_same(run, write_profile, locale):
    write_profile("cafe.yaml", "description: Le café\nurl: sqlite://\n")

    listed, as_json = run("list", **locale), run("list", "--json", **locale)

    assert listed.returncode == 0
    assert "Le caf" in listed.stdout
    assert json.loads(as_json.stdout)["cafe"]["description"] == "Le café"


def test_an_escape_sequence_in_a_message_does_not_reach_the_terminal(run, write_profile):
    write_profile("odd.yaml", 'description: "red \\e[31m"\nurl: sqlite://\n')

    outcome = run("list")

    assert "\x1b" not in outcome.stdout + outcome.stderr


def test_ctrl_c_during_a_check_exits_with_130_and_no_traceback(start, write_profile):
    with socket.create_server((LOOPBACK, 0)) as silent:
        silent.settimeout(30)
        url = f"postgresql://app@{LOOPBACK}:{silent.getsockname()[1]}/orders?sslmode=disable"
        write_profile("silent.yaml", f"url: {url}\nhealth: {{timeout: 3s}}\n")
        process = start("health")
        client, _ = silent.accept()

        process.send_signal(signal.SIGINT)

        with client:
            out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err

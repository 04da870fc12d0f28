"""`connmgr health --watch` repeats until Ctrl-C and ends cleanly."""

from __future__ import annotations

import json
import signal

import pytest

from tests.rig.ports import LOOPBACK, free_port


def interrupt_after(process, lines):
    """Read `lines` lines, press Ctrl-C; return what was read, what came after, and standard error."""
    read = [process.stdout.readline() for _ in range(lines)]
    process.send_signal(signal.SIGINT)
    rest, err = process.communicate(timeout=30)
    return read, rest, err


def test_json_rounds_are_one_line_each_until_ctrl_c(start, sqlite_profiles):
    process = start("health", "--watch", "0.1", "--json")

    rounds, _, err = interrupt_after(process, 3)

    assert [json.loads(line)["status"] for line in rounds] == ["healthy"] * 3
    assert (process.returncode, err) == (0, "")


def test_the_exit_status_is_that_of_the_last_round(start, write_profile):
    url = f"postgresql://app@{LOOPBACK}:{free_port()}/orders?sslmode=disable"
    write_profile("orders.yaml", f"url: {url}\n")
    process = start("health", "--watch", "0.1", "--json")

    interrupt_after(process, 2)

    assert process.returncode == 1


def test_plain_rounds_are_tables_under_their_time(start, sqlite_profiles):
    process = start("health", "memory", "--watch", "0.1")

    lines, _, _ = interrupt_after(process, 6)

    assert [line.split()[0] for line in lines[1:3]] == ["profile", "memory"]
    assert lines[3].startswith("20")
    assert [line.split()[0] for line in lines[4:]] == ["profile", "memory"]


def test_watch_without_seconds_may_stand_before_a_name(start, sqlite_profiles):
    process = start("health", "--json", "--watch", "memory")

    rounds, _, _ = interrupt_after(process, 1)

    assert list(json.loads(rounds[0])["profiles"]) == ["memory"]
    assert process.returncode == 0


def test_a_reader_that_goes_away_ends_the_rounds_without_a_message(start, sqlite_profiles):
    process = start("health", "--watch", "0.1", "--json")
    process.stdout.readline()

    process.stdout.close()

    with process.stderr as stderr:
        assert stderr.read() == ""
    assert process.wait(30) == 141


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf"])
def test_an_interval_that_would_never_or_always_check_is_refused(run, sqlite_profiles, seconds):
    outcome = run("health", f"--watch={seconds}")

    assert outcome.returncode == 2
    assert "0.1" in outcome.stderr

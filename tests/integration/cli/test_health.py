"""`connmgr health` in one round, on real SQLite and on ports where nobody answers."""

from __future__ import annotations

import json
import re
import resource
import socket
import sqlite3
import time

import pytest

from tests.rig.ports import LOOPBACK, free_port

TIMEOUT, START_AND_END, TOLERANCE = 1, 1.0, 0.5


def refused(*, critical: bool = True) -> str:
    """Return a profile of a server that is not there."""
    url = f"postgresql://app:hidden@{LOOPBACK}:{free_port()}/orders?sslmode=disable"
    return f"url: {url}\nhealth: {{critical: {str(critical).lower()}}}\n"


def timed(run, *arguments: str):
    """Run the command; return its outcome, the seconds it took, and those that it used a processor."""
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    outcome = run(*arguments)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    work = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return outcome, time.monotonic() - started, work


def test_healthy_profiles_are_one_row_each_and_the_status_is_0(run, sqlite_profiles):
    outcome = run("health")

    header, *rows = outcome.stdout.splitlines()
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert header.split() == ["profile", "status", "reason", "latency", "pool", "server", "advice"]
    assert sorted(row.split()[:3] for row in rows) == [["file", "healthy", "ok"], ["memory", "healthy", "ok"]]
    for row in rows:
        assert re.search(rf"\d+\.\d ms +0 \(no limit\)  SQLite {sqlite3.sqlite_version}$", row)


def test_json_is_one_object_with_the_worst_status_and_every_report(run, sqlite_profiles, write_profile):
    write_profile("orders.yaml", refused())

    outcome = run("health", "--json")

    answer = json.loads(outcome.stdout)
    assert outcome.returncode == 1
    assert answer["status"] == "unhealthy"
    assert {name: report["reason"] for name, report in answer["profiles"].items()} == {
        "file": "ok",
        "memory": "ok",
        "orders": "refused",
    }


def test_a_critical_profile_that_is_down_makes_the_status_1(run, sqlite_profiles, write_profile):
    write_profile("orders.yaml", refused())

    outcome = run("health")

    assert outcome.returncode == 1
    assert re.search(r"^orders +unhealthy +refused ", outcome.stdout, re.MULTILINE)
    assert "hidden" not in outcome.stdout + outcome.stderr


def test_a_profile_that_is_not_critical_counts_only_when_it_is_named(run, sqlite_profiles, write_profile):
    write_profile("reports.yaml", refused(critical=False))

    everything, named = run("health"), run("health", "reports")

    assert (everything.returncode, named.returncode) == (0, 1)


def test_names_limit_the_check_to_theirs_in_their_order(run, sqlite_profiles, write_profile):
    write_profile("orders.yaml", refused())

    outcome = run("health", "memory", "file", "memory")

    assert outcome.returncode == 0
    assert [row.split()[0] for row in outcome.stdout.splitlines()[1:]] == ["memory", "file"]


def test_a_profile_that_cannot_be_settled_fails_alone_and_says_what_is_not_set(
    run, sqlite_profiles, write_profile
):
    write_profile("orders.yaml", "url: ${ORDERS_URL}\n")

    outcome = run("health", "--json")

    profiles = json.loads(outcome.stdout)["profiles"]
    assert outcome.returncode == 1
    assert (profiles["orders"]["reason"], profiles["orders"]["pool"]) == ("misconfigured", None)
    assert "ORDERS_URL" in profiles["orders"]["error"]["message"]
    assert profiles["memory"]["status"] == "healthy"


def test_a_silent_server_is_given_up_after_its_timeout(run, sqlite_profiles, write_profile):
    """What the start and the end of a command add is measured by `benchmarks.startup`."""
    with socket.create_server((LOOPBACK, 0)) as silent:
        url = f"postgresql://app@{LOOPBACK}:{silent.getsockname()[1]}/orders?sslmode=disable"
        write_profile("silent.yaml", f"url: {url}\nhealth: {{timeout: {TIMEOUT}s}}\n")

        outcome = run("health", "silent", "--json")

    report = json.loads(outcome.stdout)["profiles"]["silent"]
    assert (outcome.returncode, report["reason"]) == (1, "timeout")


def test_piped_output_has_no_control_codes_and_cuts_nothing(run, write_profile):
    write_profile("a-name-of-some-length-as-tenants-have-them.yaml", refused())

    outcome = run("health", COLUMNS="20", FORCE_COLOR="1")

    assert "\x1b" not in outcome.stdout
    assert "a-name-of-some-length-as-tenants-have-them  unhealthy  refused" in outcome.stdout
    assert len(outcome.stdout.splitlines()) == 2


def test_files_with_problems_are_an_error_and_nothing_is_checked(run, sqlite_profiles, write_profile):
    write_profile("broken.yaml", "poool: {}\nurl: sqlite://\n")

    outcome = run("health")

    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert "profiles/broken.yaml:1:" in outcome.stderr


def test_a_broken_file_does_not_keep_others_from_being_checked_by_name(run, sqlite_profiles, write_profile):
    write_profile("broken.yaml", "poool: {}\nurl: sqlite://\n")

    outcome = run("health", "memory")

    assert (outcome.returncode, outcome.stderr) == (0, "")


def test_an_unknown_name_is_an_error_and_nothing_is_checked(run, sqlite_profiles):
    outcome = run("health", "memory", "flie")

    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert 'did you mean "file"?' in outcome.stderr


@pytest.mark.parametrize("level", ["debug", "DEBUG"])
def test_a_healthy_check_is_quiet_unless_its_events_are_asked_for(run, sqlite_profiles, level):
    quiet, talkative = run("health"), run("health", "--log-level", level)

    assert quiet.stderr == ""
    assert talkative.returncode == 0


def test_a_profile_that_is_wanted_at_startup_is_checked_like_any_other(run, sqlite_profiles, write_profile):
    write_profile("orders.yaml", refused() + "startup: fail\n")

    outcome = run("health", "--json")

    answer = json.loads(outcome.stdout)
    assert outcome.returncode == 1
    assert answer["profiles"]["orders"]["reason"] == "refused"


def test_a_group_is_checked_alone_and_an_empty_one_is_well(run, sqlite_profiles, write_profile):
    write_profile("_registry.yaml", "groups: {some: [memory], none: []}\n")

    some, none = run("health", "--group", "some", "--json"), run("health", "--group", "none", "--json")
    wrong = run("health", "--group", "sum")

    assert list(json.loads(some.stdout)["profiles"]) == ["memory"]
    assert json.loads(none.stdout) == {"status": "healthy", "profiles": {}}
    assert (wrong.returncode, "no group named 'sum'" in wrong.stderr) == (2, True)


@pytest.mark.parametrize("options", [["memory", "--group", "some"], ["--watch", "--integrity", "1"]])
def test_options_that_do_not_go_together_are_refused(run, sqlite_profiles, options):
    assert run("health", *options).returncode == 2

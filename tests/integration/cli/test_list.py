"""`connmgr list` shows the profiles as written."""

from __future__ import annotations

import errno
import json
import os


def test_profiles_are_listed_by_name_in_aligned_columns(run, sqlite_profiles):
    outcome = run("list")

    assert outcome.returncode == 0
    assert outcome.stdout.splitlines() == [
        "profile  description           file",
        "file     A file                profiles/file.yaml",
        "memory   A database in memory  profiles/memory.yaml",
    ]


def test_json_maps_names_to_description_and_file(run, sqlite_profiles):
    outcome = run("list", "--json")

    assert json.loads(outcome.stdout) == {
        "file": {"description": "A file", "file": "profiles/file.yaml"},
        "memory": {"description": "A database in memory", "file": "profiles/memory.yaml"},
    }


def test_nothing_is_looked_up_in_the_environment(run, write_profile):
    write_profile("production.yaml", "description: Not set here\nurl: ${PRODUCTION_DATABASE_URL}\n")

    outcome = run("list")

    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert "Not set here" in outcome.stdout


def test_a_piped_list_cuts_nothing_however_narrow_the_terminal_is(run, write_profile):
    description = "A description of many words " * 10
    write_profile("a.yaml", f"description: {description.strip()}\nurl: sqlite://\n")

    outcome = run("list", COLUMNS="20")

    assert description.strip() in outcome.stdout


def test_files_with_problems_do_not_hide_the_others(run, sqlite_profiles, write_profile):
    write_profile("broken.yaml", "poool: {}\n")

    outcome = run("list")

    assert outcome.returncode == 2
    assert "profiles/memory.yaml" in outcome.stdout
    assert "connmgr validate" in outcome.stderr


def test_the_option_wins_over_the_variable_wherever_it_stands(run, tmp_path, sqlite_profiles):
    sqlite_profiles.rename(tmp_path / "elsewhere")

    before = run("--profiles", "elsewhere", "list", CONNMGR_PROFILES="nowhere")
    after = run("list", "--profiles", "elsewhere", CONNMGR_PROFILES="nowhere")
    variable = run("list", CONNMGR_PROFILES="elsewhere")

    assert "elsewhere/memory.yaml" in before.stdout
    assert before.stdout == after.stdout == variable.stdout


def test_a_missing_directory_is_one_message_that_says_what_to_do(run):
    outcome = run("list")

    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert len(outcome.stderr.splitlines()) == 1
    assert "there is no directory 'profiles'" in outcome.stderr
    assert "connmgr init" in outcome.stderr


def test_problems_in_other_files_are_counted_in_words(run, sqlite_profiles, write_profile):
    write_profile("broken.yaml", "poool: {}\nurl: sqlite://\n")

    outcome = run("list")

    assert outcome.stderr == "1 problem in other files: see `connmgr validate`\n"


def test_an_empty_directory_is_told_as_what_it_is(run, tmp_path):
    (tmp_path / "profiles").mkdir()

    outcome = run("list")

    assert outcome.returncode == 2
    assert outcome.stderr.startswith("profiles:1:1: CM107 no profile files in the directory")


def test_a_directory_out_of_reach_is_one_message(run):
    outcome = run("--profiles", "a" * 300, "list")

    assert (outcome.returncode, outcome.stdout) == (2, "")
    (line,) = outcome.stderr.splitlines()
    assert line.endswith(f"cannot be read: {os.strerror(errno.ENAMETOOLONG)}")

"""`connmgr validate` prints everything wrong in the files, in one run."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

EXCERPT = re.compile(r"  +[0-9]* +\|")
BROKEN = Path(__file__).parents[2] / "broken"


def test_files_without_a_problem_are_counted(run, sqlite_profiles):
    outcome = run("validate")

    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "2 profiles, no problem\n", "")


def test_every_problem_of_every_file_is_printed_at_once(run, write_profile):
    write_profile("a.yaml", "url: sqlite://\npoool: {size: 1}\nhealth: {timeout: soon}\n")
    write_profile("b.yaml", "url: [\n")

    outcome = run("validate")

    assert outcome.returncode == 2
    *lines, summary = outcome.stdout.splitlines()
    problems = [line for line in lines if line.startswith("profiles/")]
    assert summary == "3 problems in 2 files"
    assert [problem.split(":")[:2] for problem in problems[:2]] == [
        ["profiles/a.yaml", "2"],
        ["profiles/a.yaml", "3"],
    ]
    assert problems[2].startswith("profiles/b.yaml:")
    assert outcome.stderr == ""


def test_a_name_limits_the_check_to_its_file(run, write_profile):
    write_profile("a.yaml", "url: sqlite://\n")
    write_profile("b.yaml", "poool: {}\n")

    good, bad = run("validate", "a"), run("validate", "b")

    assert (good.returncode, good.stdout) == (0, "1 profile, no problem\n")
    assert bad.returncode == 2
    assert "profiles/b.yaml" in bad.stdout


def test_an_unknown_name_is_answered_with_the_one_that_was_meant(run, sqlite_profiles):
    outcome = run("validate", "memry")

    assert (outcome.returncode, outcome.stdout) == (2, "")
    found = "no profile named 'memry' in 'profiles'; there are: file, memory"
    assert outcome.stderr == f'Error: {found}; did you mean "memory"?\n'


def test_json_is_a_list_of_problems_with_their_places(run, write_profile):
    write_profile("a.yaml", "url: sqlite://\npoool: {size: 1}\n")

    outcome = run("validate", "--format", "json")

    (problem,) = json.loads(outcome.stdout)
    assert outcome.returncode == 2
    assert (problem["file"], problem["line"], problem["path"]) == ("profiles/a.yaml", 2, "poool")


def test_json_without_a_problem_is_an_empty_list(run, sqlite_profiles):
    outcome = run("validate", "--format", "json")

    assert (outcome.returncode, json.loads(outcome.stdout)) == (0, [])


def test_github_gets_annotations_and_nothing_else(run, write_profile):
    write_profile("a.yaml", "url: sqlite://\npoool: {size: 1}\n")

    outcome = run("validate", "--format", "github")

    (line,) = outcome.stdout.splitlines()
    assert line.startswith("::error file=profiles/a.yaml,line=2,")


def test_github_without_a_problem_gets_nothing(run, sqlite_profiles):
    outcome = run("validate", "--format", "github")

    assert (outcome.returncode, outcome.stdout) == (0, "")


def test_the_broken_profiles_give_exactly_their_messages_in_one_run(run, tmp_path):
    expected = (BROKEN / "expected.txt").read_text(encoding="utf-8").splitlines()
    shutil.copytree(BROKEN / "profiles", tmp_path, symlinks=True, dirs_exist_ok=True)

    outcome = run("--profiles", ".", "validate")

    *lines, summary = outcome.stdout.splitlines()
    assert [line for line in lines if not EXCERPT.match(line)] == expected
    assert summary.startswith(f"{len(expected)} problems in ")
    assert outcome.returncode == 2


def test_json_may_be_asked_for_as_of_every_command(run, write_profile):
    write_profile("a.yaml", "url: sqlite://\npoool: {size: 1}\n")

    short, long = run("validate", "--json"), run("validate", "--format", "json")

    assert (short.returncode, short.stdout) == (2, long.stdout)
    assert json.loads(short.stdout)


@pytest.mark.parametrize("text", ["poool: {}\nurl: sqlite://\n", "url: sqlite://\n"])
def test_a_profile_may_have_the_name_of_its_directory(run, tmp_path, text):
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "orders.yaml").write_text(text)

    everything, named = (
        run("--profiles", "orders", "validate"),
        run("--profiles", "orders", "validate", "orders"),
    )

    assert (named.returncode, named.stdout) == (everything.returncode, everything.stdout)


def test_the_name_of_an_empty_directory_is_no_profile(run, tmp_path):
    (tmp_path / "orders").mkdir()

    outcome = run("--profiles", "orders", "validate", "orders")

    assert outcome.returncode == 2
    assert "no profile named 'orders' in 'orders'" in outcome.stderr


def test_a_base_that_cannot_be_settled_is_one_problem_however_many_extend_it(run, write_profile):
    write_profile("_base.yaml", 'url: "${NOWHERE_SET}"\n')
    write_profile("a.yaml", "extends: _base\n")
    write_profile("b.yaml", "extends: _base\n")

    outcome = run("validate", "--settle", "--json")

    assert outcome.returncode == 2
    assert [problem["code"] for problem in json.loads(outcome.stdout)] == ["CM502"]


def test_the_registrys_file_is_checked_whichever_profile_is_named(run, write_profile):
    write_profile("a.yaml", "url: sqlite://\n")
    write_profile("b.yaml", "url: sqlite://\n")
    write_profile("_registry.yaml", "groups:\n  readiness: [a, c]\n")

    everything, one = run("validate"), run("validate", "b")

    problem, *_, summary = everything.stdout.splitlines()
    assert problem.startswith('profiles/_registry.yaml:2:18: CM303 groups.readiness.1: no profile named "c"')
    assert summary == "1 problem in 1 file"
    assert (everything.returncode, one.returncode, one.stdout) == (2, 2, everything.stdout)


def test_settle_looks_up_the_token_of_the_registry_too(run, write_profile):
    write_profile("a.yaml", "url: sqlite://\n")
    write_profile("_registry.yaml", "web: {token: '${HEALTH_TOKEN}'}\n")

    as_written, unset = run("validate"), run("validate", "--settle")
    found = run("validate", "--settle", HEALTH_TOKEN="t0ken")

    assert (as_written.returncode, found.returncode, found.stdout) == (0, 0, "1 profile, no problem\n")
    assert unset.returncode == 2
    assert unset.stdout.startswith(
        "profiles/_registry.yaml:1:14: CM502 web.token: HEALTH_TOKEN is not set; set HEALTH_TOKEN"
    )

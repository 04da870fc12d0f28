"""`connmgr init` writes the shipped profiles and never overwrites."""

from __future__ import annotations

import json
import os

import pytest

SCHEMAS = ["profile.schema.json", "base.schema.json", "profiles.schema.json", "registry.schema.json"]
FILES = sorted(["development.yaml", "production.yaml", "test.yaml", *SCHEMAS])


def test_the_profiles_and_their_schema_are_written_and_valid(run, tmp_path):
    outcome = run("init")

    assert outcome.returncode == 0
    assert sorted(path.name for path in (tmp_path / "profiles").iterdir()) == FILES
    assert run("validate").stdout == "3 profiles, no problem\n"


def test_what_was_written_and_what_comes_next_is_said(run):
    outcome = run("init", "my databases")

    assert [line for line in outcome.stdout.splitlines() if line.startswith("wrote")] == [
        "wrote my databases/production.yaml",
        "wrote my databases/development.yaml",
        "wrote my databases/test.yaml",
        *(f"wrote my databases/{schema}" for schema in SCHEMAS),
    ]
    assert "connmgr --profiles 'my databases' validate" in outcome.stdout


def test_what_comes_next_works_as_it_is_said(run):
    """The variable counts in the next command too, so the directory is named when it is another one."""
    there, elsewhere = {"CONNMGR_PROFILES": "mine"}, {"CONNMGR_PROFILES": "other"}

    plain, named = run("init", "mine", **there), run("init", "profiles", **elsewhere)

    assert "  connmgr validate\n" in plain.stdout
    assert "  connmgr --profiles profiles validate\n" in named.stdout


def test_the_editor_finds_the_schema_beside_each_profile(run, tmp_path):
    run("init")

    for path in (tmp_path / "profiles").glob("*.yaml"):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert "# yaml-language-server: $schema=./profile.schema.json" in lines
    assert json.loads((tmp_path / "profiles" / "profile.schema.json").read_text())["$schema"]


def test_a_file_that_exists_is_left_as_it_is_and_named(run, write_profile):
    mine = write_profile("production.yaml", "url: sqlite://\n")

    outcome = run("init")

    assert outcome.returncode == 0
    assert mine.read_text() == "url: sqlite://\n"
    assert "kept  profiles/production.yaml" in outcome.stdout
    assert "wrote profiles/test.yaml" in outcome.stdout


def test_a_second_call_keeps_everything_and_is_well(run):
    run("init")

    outcome = run("init", "--json")

    assert outcome.returncode == 0
    assert json.loads(outcome.stdout)["wrote"] == []
    assert sorted(json.loads(outcome.stdout)["kept"]) == FILES


def test_a_profile_under_the_other_suffix_is_not_written_a_second_time(run, write_profile, tmp_path):
    write_profile("test.yml", "url: sqlite://\n")

    outcome = run("init")

    assert "kept  profiles/test.yml, which was there" in outcome.stdout
    assert not (tmp_path / "profiles" / "test.yaml").exists()
    assert run("validate").returncode == 0


def test_a_dangling_link_is_not_written_through(run, tmp_path):
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "test.yaml").symlink_to(tmp_path / "elsewhere.yaml")

    outcome = run("init")

    assert "kept  profiles/test.yaml" in outcome.stdout
    assert not (tmp_path / "elsewhere.yaml").exists()


@pytest.mark.parametrize("directory", ["a_file", "a_file/profiles"])
def test_a_directory_that_cannot_be_is_a_clear_error(run, tmp_path, directory):
    (tmp_path / "a_file").write_text("")

    outcome = run("init", directory)

    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert directory in outcome.stderr
    assert "Traceback" not in outcome.stderr


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere"
)
def test_a_directory_that_cannot_be_written_is_a_clear_error(run, tmp_path):
    (tmp_path / "profiles").mkdir(mode=0o500)

    outcome = run("init")

    assert outcome.returncode == 2
    assert "cannot write 'profiles/production.yaml': Permission denied" in outcome.stderr

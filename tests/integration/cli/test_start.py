"""What the command does before it does anything: start quickly, explain itself, complete names."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version

import pytest

HEAVY = ("sqlalchemy", "loguru", "rich", "jsonschema", "asyncpg", "aiosqlite")
LOADED = """
import sys
from connmgr.cli import main
try:
    main()
finally:
    print(*sorted(name for name in {heavy} if name in sys.modules), file=sys.stderr)
"""


@pytest.fixture
def loaded(tmp_path, environ):
    """Run the command and return which of the heavy libraries it imported."""

    def loaded(*arguments: str) -> set[str]:
        script = LOADED.format(heavy=HEAVY)
        outcome = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
        )
        assert outcome.returncode == 0, outcome.stderr
        return set(outcome.stderr.split())

    return loaded


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("health", "--help")])
def test_help_and_version_import_nothing_heavy(loaded, arguments):
    assert loaded(*arguments) == set()


@pytest.mark.parametrize("arguments", [("validate",), ("list",), ("show", "memory"), ("schema",)])
def test_commands_that_only_read_files_never_import_sqlalchemy(loaded, sqlite_profiles, arguments):
    assert loaded(*arguments) <= {"jsonschema"}


def test_importtime_agrees_that_sqlalchemy_is_not_imported(tmp_path, environ, sqlite_profiles):
    command = [sys.executable, "-X", "importtime", "-m", "connmgr", "validate"]

    outcome = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60)

    modules = {line.split("|")[-1].strip() for line in outcome.stderr.splitlines()}
    assert "connmgr.config.loader" in modules
    assert not [module for module in modules if module.split(".")[0] in {"sqlalchemy", "rich", "loguru"}]


def test_help_names_every_command_in_one_whole_line(run):
    outcome = run("--help")

    commands = outcome.stdout.split("Commands:\n")[1].splitlines()
    assert [line.split()[0] for line in commands] == [
        "init",
        "import",
        "validate",
        "explain",
        "list",
        "show",
        "diff",
        "health",
        "serve",
        "schema",
        "plan",
        "reload",
        "pause",
        "resume",
        "reconnect",
        "drain",
        "disable",
        "enable",
        "holders",
        "pools",
    ]
    assert not [line for line in commands if line.endswith("...")]


def test_version_is_the_version_of_the_distribution(run):
    assert run("--version").stdout == f"connmgr {version('connmgr')}\n"


def test_schema_prints_the_schema_that_the_profiles_are_checked_against(run):
    outcome = run("schema")

    assert outcome.returncode == 0
    assert run("schema", "--json").stdout == outcome.stdout
    assert json.loads(outcome.stdout)["$defs"]["settings"]["additionalProperties"] is False


def test_an_unknown_command_is_an_error_of_the_call(run):
    outcome = run("helth")

    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert "helth" in outcome.stderr


def test_names_of_profiles_are_completed_from_the_directory(run, sqlite_profiles, write_profile):
    write_profile("_base.yaml", "pool: {size: 1}\n")
    write_profile("memento.yml", "not: [valid\n")

    outcome = run(_CONNMGR_COMPLETE="bash_complete", COMP_WORDS="connmgr health mem", COMP_CWORD="2")

    assert outcome.stdout.split() == ["plain,memento", "plain,memory"]


def test_names_are_completed_from_the_directory_that_the_line_names(run, tmp_path, sqlite_profiles):
    sqlite_profiles.rename(tmp_path / "elsewhere")
    words = "connmgr --profiles elsewhere show "

    outcome = run(_CONNMGR_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD="4")

    assert outcome.stdout.split() == ["plain,file", "plain,memory"]


def test_completion_without_a_directory_is_silent(run):
    outcome = run(_CONNMGR_COMPLETE="bash_complete", COMP_WORDS="connmgr show ", COMP_CWORD="2")

    assert (outcome.stdout.strip(), outcome.stderr) == ("", "")

"""The hook for pre-commit checks the profiles of a repository, as pre-commit would run it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def hook() -> dict[str, Any]:
    text = (CHECKOUT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    (hook,) = yaml.safe_load(text)
    assert isinstance(hook, dict)
    return hook


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of another project, with two good profiles."""
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    (profiles / "orders.yaml").write_text("url: ${ORDERS_DATABASE_URL}\n", encoding="utf-8")
    (profiles / "stock.yml").write_text("url: sqlite://\n", encoding="utf-8")
    return tmp_path


def run(hook: dict[str, Any], directory: Path) -> subprocess.CompletedProcess[str]:
    """Run the entry at the top of a repository; `pass_filenames` is false, so without names."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CONNMGR_")}
    return subprocess.run(
        shlex.split(hook["entry"]),
        cwd=directory,
        env={**environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_hook_has_what_pre_commit_asks_for(hook: dict[str, Any]) -> None:
    assert hook["id"] == "connmgr-validate"
    assert hook["name"]
    assert (hook["language"], hook["pass_filenames"]) == ("python", False)


def test_the_entry_is_a_program_that_the_package_installs(hook: dict[str, Any]) -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert shlex.split(hook["entry"])[0] in project["scripts"]


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("profiles/orders.yaml", True),
        ("profiles/_base.yml", True),
        ("profiles/tenants.profiles.yaml", True),
        ("profiles/README.md", False),
        ("profiles/old/orders.yaml", False),
        ("charts/values.yaml", False),
    ],
)
def test_the_hook_runs_when_a_profile_changes(hook: dict[str, Any], file: str, *, expected: bool) -> None:
    assert bool(re.search(hook["files"], file)) is expected


def test_good_profiles_pass_without_their_environment(hook: dict[str, Any], repository: Path) -> None:
    outcome = run(hook, repository)

    assert (outcome.returncode, outcome.stdout) == (0, "2 profiles, no problem\n")


def test_a_broken_profile_stops_the_commit_with_its_place(hook: dict[str, Any], repository: Path) -> None:
    (repository / "profiles" / "broken.yaml").write_text("url: sqlite://\npoool: {}\n", encoding="utf-8")

    outcome = run(hook, repository)

    assert outcome.returncode == 2
    assert outcome.stdout.startswith("profiles/broken.yaml:2:1: CM301 poool: ")


def test_the_guide_shows_the_hook(hook: dict[str, Any]) -> None:
    guide = (CHECKOUT / "docs" / "profiles.md").read_text(encoding="utf-8")

    assert f"      - id: {hook['id']}\n" in guide

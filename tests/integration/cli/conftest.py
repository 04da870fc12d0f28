"""Runs the real command, in a process of its own, on real files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

COMMAND = (sys.executable, "-W", "error", "-m", "connmgr")
OURS = (
    *("CONNMGR_PROFILES", "CONNMGR_SOCKET"),
    *("PRODUCTION_DATABASE_URL", "DEVELOPMENT_DATABASE_URL", "TEST_DATABASE_URL"),
)
STREAMS = ("TERM", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "PYTHONUNBUFFERED", "PYTHONIOENCODING")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The environment of the command: nobody's home, no settings of the person who runs the tests."""
    kept = {name: value for name, value in os.environ.items() if name not in {*OURS, *STREAMS}}
    return {**kept, "HOME": str(tmp_path), "TERM": "xterm-256color"}


@pytest.fixture
def run(tmp_path: Path, environ: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `connmgr` in tmp_path with its output piped; keyword arguments are environment variables."""

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *arguments],
            cwd=tmp_path,
            env=environ | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
        )

    return run


@pytest.fixture
def start(tmp_path: Path, environ: dict[str, str]) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start `connmgr` in tmp_path and return the running process; it is killed if the test leaves it."""
    with ExitStack() as started:

        def start(*arguments: str, **variables: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [*COMMAND, *arguments],
                cwd=tmp_path,
                env=environ | variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
            )
            started.enter_context(process)
            started.callback(process.kill)
            return process

        yield start


@pytest.fixture
def write_profile(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a file into tmp_path/profiles, where the command looks unless told otherwise."""

    def write(file: str, text: str) -> Path:
        path = tmp_path / "profiles" / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def sqlite_profiles(tmp_path: Path, write_profile: Callable[[str, str], Path]) -> Path:
    """Two healthy profiles: `memory`, and `file` on a file in tmp_path. Returns their directory."""
    write_profile("memory.yaml", "description: A database in memory\nurl: sqlite://\n")
    write_profile("file.yaml", f"description: A file\nurl: sqlite:///{tmp_path}/file.db\n")
    return tmp_path / "profiles"

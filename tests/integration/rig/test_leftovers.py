"""The checks in conftest.py see what a test leaves behind, and let tidy tests pass."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

LEAKY = """
import asyncio, socket, subprocess, sys

async def test_tidy():
    task = asyncio.create_task(asyncio.sleep(60))
    task.cancel()

async def test_task():
    globals()["kept"] = asyncio.create_task(asyncio.sleep(60))

async def test_connection():
    server = socket.create_server(("127.0.0.1", 0))
    globals()["open"] = server, socket.create_connection(server.getsockname())

def test_environment(monkeypatch):
    import os
    assert "PGHOST" not in os.environ
    assert "ORDERS_DATABASE_URL" not in os.environ

def test_process():
    globals()["child"] = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)

def test_last():
    pass
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """What pytest prints about tests that leave things behind."""
    file = tmp_path_factory.mktemp("leaky") / "test_leaky.py"
    file.write_text(LEAKY)
    config = ("-c", "pyproject.toml", "-p", "tests.conftest", "-p", "no:cacheprovider", "-rA", "--tb=line")
    environment = {**os.environ, "PGHOST": "elsewhere", "ORDERS_DATABASE_URL": "postgresql://elsewhere/"}

    command = [sys.executable, "-m", "pytest", *config, str(file)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60).stdout


@pytest.mark.parametrize("name", ["test_tidy", "test_environment"])
def test_a_tidy_test_passes_without_the_developers_databases(report, name):
    assert any(line.startswith("PASSED") and line.endswith(f"::{name}") for line in report.splitlines())
    assert not any(line.startswith("ERROR") and f"::{name}" in line for line in report.splitlines())


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("test_task", "left tasks behind"),
        ("test_connection", "the test's connections to close"),
        ("test_last", "the tests left behind: ['process "),
    ],
)
def test_what_is_left_behind_is_an_error_of_its_test(report, name, complaint):
    errors = [line for line in report.splitlines() if line.startswith("ERROR") and f"::{name}" in line]

    assert len(errors) == 1
    assert complaint in report


def test_a_listening_port_left_behind_is_named(report):
    assert "listening port" in report

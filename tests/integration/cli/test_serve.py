"""`connmgr serve` answers over HTTP until it is told to stop."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.rig.ports import LOOPBACK, free_port
from tests.rig.wait import wait_until_sync


def start(directory: Path, port: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "connmgr", "serve", "--profiles", str(directory), "--port", str(port)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://{LOOPBACK}:{port}/livez").status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop(write_profile, tmp_path, stop):
    write_profile("orders.yaml", "url: sqlite://\n")
    port = free_port()
    process = start(tmp_path / "profiles", port)
    try:
        wait_until_sync(lambda: answers(port), 20, what="an answer")
        ready = httpx.get(f"http://{LOOPBACK}:{port}/readyz")
        metrics = httpx.get(f"http://{LOOPBACK}:{port}/metrics")
    finally:
        process.send_signal(stop)
        out, err = process.communicate(timeout=20)

    assert (ready.status_code, ready.json()) == (200, {"status": "pass"})
    assert "server" not in ready.headers
    assert metrics.status_code == 200
    assert (out, err.strip()) == ("", "")
    assert process.returncode in (0, 130, -stop)


def test_a_port_that_is_taken_is_an_error_that_says_what_to_do(run, sqlite_profiles):
    with socket.create_server((LOOPBACK, 0)) as taken:
        outcome = run("serve", "--port", str(taken.getsockname()[1]))

    assert outcome.returncode == 2
    assert "choose another --port or --host" in outcome.stderr


def test_files_with_problems_are_an_error(run, write_profile):
    write_profile("orders.yaml", "url: sqlite://\nzzz: 1\n")

    outcome = run("serve")

    assert outcome.returncode == 2
    assert "orders.yaml:2:1" in outcome.stderr

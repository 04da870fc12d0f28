"""`connmgr serve` answers over HTTP until it is told to stop."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.rig.ports import LOOPBACK, free_port
from tests.rig.wait import wait_until_sync


def start(directory: Path, port: int, *options: str) -> subprocess.Popen[str]:
    options = ("--profiles", str(directory), "--port", str(port), *options)
    command = [sys.executable, "-m", "connmgr", "serve", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://{LOOPBACK}:{port}/livez").status_code == 200
    except httpx.TransportError:
        return False


def health(port: int, profile: str) -> int:
    return httpx.get(f"http://{LOOPBACK}:{port}/health/{profile}").status_code


@contextmanager
def serving(directory: Path, port: int, *options: str) -> Iterator[subprocess.Popen[str]]:
    process = start(directory, port, *options)
    try:
        wait_until_sync(lambda: answers(port), 20, what="an answer")
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=20)


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
    assert process.returncode == 0


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


def test_it_takes_over_edited_files_and_answers_operators(run, write_profile, tmp_path):
    write_profile("orders.yaml", "url: sqlite://\n")
    port, admin = free_port(), str(tmp_path / "admin.sock")
    with serving(tmp_path / "profiles", port, "--admin", admin):
        assert health(port, "more") == 404
        write_profile("more.yaml", "url: sqlite://\n")
        wait_until_sync(lambda: health(port, "more") == 200, what="the new profile")

        plan = run("plan", "--socket", admin)

    assert (plan.returncode, plan.stdout) == (0, "2 unchanged\n")


def test_it_reloads_on_sighup(write_profile, tmp_path):
    write_profile("orders.yaml", "url: sqlite://\n")
    port = free_port()
    with serving(tmp_path / "profiles", port) as process:
        write_profile("more.yaml", "url: sqlite://\n")
        process.send_signal(signal.SIGHUP)

        wait_until_sync(lambda: health(port, "more") == 200, what="the new profile")

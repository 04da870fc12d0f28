"""Nothing that a profile file says makes connmgr fetch anything: a port that it names hears not one byte."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

FILE = """\
# yaml-language-server: $schema=http://{where}/comment.json
$schema: http://{where}/schema.json
$id: http://{where}/
$ref: http://{where}/profile.yaml
url: {{$ref: "http://{where}/url.yaml"}}
extends: http://{where}/_base.yaml
connection: {{$ref: "http://{where}#/$defs/x", $dynamicRef: "http://{where}/y"}}
pool: {{timeout: {{$ref: "http://{where}/z"}}}}
password: {{$ref: "http://{where}/password"}}
"""


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A port that listens, and takes no connection on its own."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


@pytest.mark.parametrize("command", [["validate"], ["validate", "--json"], ["list"], ["show", "orders"]])
def test_no_byte_leaves_for_a_reference_in_a_file(
    tmp_path: Path, silent: socket.socket, command: list[str]
) -> None:
    where = f"127.0.0.1:{silent.getsockname()[1]}"
    (tmp_path / "orders.yaml").write_text(FILE.format(where=where), encoding="utf-8")
    (tmp_path / "all.profiles.yaml").write_text(
        f"$ref: http://{where}/all\nprofiles: {{}}\n", encoding="utf-8"
    )
    called = [sys.executable, "-m", "connmgr", *command, "--profiles", tmp_path]

    result = subprocess.run(called, capture_output=True, text=True, timeout=30)

    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    with pytest.raises(BlockingIOError):
        silent.accept()

"""Profiles written for a test, and the command to look at them with."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.rig.canary import CANARY
from tests.rig.mutation import TOP
from tests.rig.pki import Pki
from tests.rig.profiles import Document, write_profiles
from tests.rig.secret_profiles import write_secrets

Answer = tuple[int, str, str]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write one profile file per keyword and return their directory."""

    def write(**documents: Document) -> Path:
        return write_profiles(tmp_path / "profiles", **documents)

    return write


@pytest.fixture(scope="session")
def locked_key(pki: Pki, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The key of a client, encrypted with the canary."""
    folder = tmp_path_factory.mktemp("locked")
    (folder / "phrase").write_text(CANARY)
    command = ["openssl", "pkey", "-in", pki.client.key, "-aes256", "-passout", f"file:{folder / 'phrase'}"]
    subprocess.run([*command, "-out", folder / "locked.key"], check=True, capture_output=True)
    (folder / "locked.key").chmod(0o600)
    return folder / "locked.key"


@pytest.fixture
def write_hidden(tmp_path: Path, pki: Pki, locked_key: Path) -> Callable[..., Path]:
    """Write profiles as `write` does, with everything beside them that they name, for the port given."""

    def write_hidden(port: int, documents: dict[str, Document]) -> Path:
        write_secrets(tmp_path, port, pki.client.certificate, locked_key)
        # A port that stands alone is a number.
        text = json.dumps(documents).replace('"{port}"', str(port))
        text = text.replace("{port}", str(port)).replace("{dir}", str(tmp_path))
        return write_profiles(tmp_path / "profiles", **json.loads(text))

    return write_hidden


async def _run(folder: Path, command: tuple[str, ...], variables: dict[str, str]) -> Answer:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *command),
        cwd=folder,
        env={**os.environ, "HOME": str(folder), "PYTHONPATH": str(TOP), **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


@pytest.fixture
def connmgr(tmp_path: Path) -> Callable[..., Awaitable[Answer]]:
    """Run the command; return its exit status and what it wrote to its outputs."""

    async def connmgr(*arguments: str, **variables: str) -> Answer:
        return await _run(tmp_path, ("-m", "connmgr", *arguments), variables)

    return connmgr


@pytest.fixture
def calls(tmp_path: Path) -> Callable[..., Awaitable[list[Answer]]]:
    """Make several calls of the command in one process, in which every warning is shown."""

    async def calls(*arguments: list[str], **variables: str) -> list[Answer]:
        command = ("-X", "dev", "-m", "tests.rig.commands", json.dumps(arguments))
        status, out, err = await _run(tmp_path, command, variables)
        assert (status, err) == (0, "")
        return [(*answer,) for answer in json.loads(out)]

    return calls

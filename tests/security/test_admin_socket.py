"""The admin socket is its owner's alone, and what is put in its way stays as it is."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connmgr import ConnmgrError, Registry
from connmgr.admin import client, serve
from connmgr.admin.client import Refused, Unreachable
from connmgr.admin.protocol import Request, Verb
from tests.rig.admin import NOBODY, as_user, ask, say
from tests.rig.availability import unavailable
from tests.rig.canary import CANARY


@pytest.fixture
def registry(write: Callable[..., Path]) -> Registry:
    return Registry.load(write(orders={"url": "sqlite://"}))


@pytest.fixture
def hall() -> Iterator[Path]:
    """A directory that everybody may enter; those of pytest are for its user alone."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="admin") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


@pytest.fixture
def nobody() -> int:
    if os.geteuid() != 0:
        unavailable("only root can be another user")
    return NOBODY


def connect_as(uid: int, path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    try:
        with as_user(uid):
            connection.connect(str(path))
    except OSError:
        connection.close()
        raise
    connection.setblocking(False)
    return connection


async def test_another_user_cannot_connect(registry: Registry, hall: Path, nobody: int) -> None:
    async with registry, serve(registry, hall / "admin.sock"):
        with pytest.raises(PermissionError):
            connect_as(nobody, hall / "admin.sock")


async def test_another_user_is_refused_and_logged_though_the_file_was_opened_to_all(
    registry: Registry, hall: Path, nobody: int, log: list[dict[str, Any]]
) -> None:
    async with registry, serve(registry, hall / "admin.sock"):
        (hall / "admin.sock").chmod(0o666)
        with connect_as(nobody, hall / "admin.sock") as theirs:
            said = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(theirs, 1000), 5)

    assert b'"type":"NotAllowed"' in said.replace(b" ", b"")
    (refusal,) = log
    assert (refusal["level"].name, refusal["extra"]) == ("WARNING", {"uid": NOBODY, "pid": os.getpid()})


async def test_root_may_ask_the_process_of_another_user(registry: Registry, hall: Path, nobody: int) -> None:
    os.chown(hall, nobody, nobody)
    async with registry:
        with as_user(nobody):
            serving = serve(registry, hall / "admin.sock")
            await serving.__aenter__()
        try:
            assert (hall / "admin.sock").stat().st_uid == nobody
            assert await ask(hall / "admin.sock", "pools") == {}
        finally:
            await serving.__aexit__(None, None, None)


async def test_the_command_says_to_another_user_who_may(hall: Path, nobody: int, registry: Registry) -> None:
    async with registry, serve(registry, hall / "admin.sock"):
        with as_user(nobody), pytest.raises(Unreachable, match="only the user that the process runs as"):
            # In this thread: it fails before anything would have to answer.
            client.ask(hall / "admin.sock", Request(Verb.POOLS))


async def test_at_no_instant_is_there_a_way_in_for_others(registry: Registry, hall: Path) -> None:
    """With a umask that takes nothing away, seen between any two calls that Python makes."""
    seen: set[tuple[bool, int]] = set()

    def look(*_: object) -> None:
        for entry in os.scandir(hall):
            mode = entry.stat(follow_symlinks=False).st_mode
            seen.add((stat.S_ISDIR(mode), stat.S_IMODE(mode)))

    before = os.umask(0)
    try:
        async with registry:
            sys.setprofile(look)
            async with serve(registry, hall / "admin.sock"):
                pass
    finally:
        sys.setprofile(None)
        os.umask(before)

    # The socket, and the directory in which it is made.
    assert seen == {(False, 0o600), (True, 0o700)}


@pytest.mark.parametrize("kind", ["file", "directory", "fifo", "symlink", "dangling symlink", "dead link"])
async def test_what_is_no_socket_is_refused_and_left_as_it_is(
    registry: Registry, tmp_path: Path, kind: str
) -> None:
    place = tmp_path / "admin.sock"
    target = tmp_path / "target"
    if kind == "file":
        place.write_text("precious")
    elif kind == "directory":
        place.mkdir()
    elif kind == "fifo":
        os.mkfifo(place)
    else:
        if kind == "symlink":
            target.write_text("precious")
        elif kind == "dead link":
            with socket.socket(socket.AF_UNIX) as dead:
                dead.bind(str(target))
        place.symlink_to(target)
    before = inodes(tmp_path)

    with pytest.raises(ConnmgrError, match=r"is there already, and is no socket: choose another path"):
        async with serve(registry, place):
            pass

    assert inodes(tmp_path) == before


def inodes(directory: Path) -> dict[str, tuple[int, int]]:
    return {path.name: (path.lstat().st_ino, path.lstat().st_size) for path in directory.iterdir()}


async def test_the_socket_of_another_user_cannot_be_told_dead_and_is_left(
    registry: Registry, hall: Path, nobody: int
) -> None:
    with socket.socket(socket.AF_UNIX) as theirs:
        theirs.bind(str(hall / "admin.sock"))
        (hall / "admin.sock").chmod(0o600)
        os.chown(hall, nobody, nobody)
        with as_user(nobody), pytest.raises(ConnmgrError, match="Permission denied"):
            async with serve(registry, hall / "admin.sock"):
                pass

    assert (hall / "admin.sock").is_socket()


async def test_no_answer_and_no_log_holds_a_secret(
    write: Callable[..., Path], tmp_path: Path, log: list[dict[str, Any]]
) -> None:
    """Not where the password changes, where files are wrong, and where nobody answers at the server."""

    def document(password: str, **settings: object) -> dict[str, object]:
        url = "postgresql://app@127.0.0.1:1/orders?sslmode=disable"
        return {"url": url, "password": password, "reload": {"verify": "connect"}, **settings}

    registry = Registry.load(write(orders=document(CANARY)))
    path = tmp_path / "admin.sock"
    said: list[object] = []
    async with registry, serve(registry, path):
        registry.engine("orders")
        write(orders=document(f"{CANARY}2", url="postgresql://app@127.0.0.1:2/orders?sslmode=disable"))
        said.append(await ask(path, "plan"))
        for verb in ("reload", "plan", "pause", "pools", "holders", "drain"):
            if verb == "pause":
                write(orders=document(CANARY, passwort=CANARY))
            names = ("orders",) if verb in ("pause", "drain") else ()
            said.append(await _said(path, verb, *names))
        said.append(await _said(path, "reload"))
        said.append(await say(path, f'{{"version": 1, "verb": "{CANARY}"}}\n'.encode()))

    *others, echoed = said
    assert "did not connect as changed" in repr(others)
    assert "CM301" in repr(others)
    assert CANARY not in repr(others)
    assert CANARY not in repr([record["message"] for record in log] + [record["extra"] for record in log])
    assert CANARY in repr(echoed)  # what the client itself said


async def _said(path: Path, *asked: str) -> object:
    try:
        return await ask(path, *asked)
    except Refused as refused:
        return refused.error

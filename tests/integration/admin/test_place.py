"""The socket's file is made, replaced and removed, and nothing else is."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import sys
from pathlib import Path

import pytest

from connmgr import ConnmgrError
from connmgr.admin import serve
from connmgr.admin.place import LONGEST
from tests.rig.admin import ask

ORDERS = {"url": "sqlite://"}


@pytest.fixture
def registry(load):
    return load(orders=ORDERS)


def dead(path: Path) -> os.stat_result:
    """Leave a socket that nobody listens at, as a killed process does."""
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
        left.listen()
    return path.stat()


async def test_the_file_is_there_while_it_is_served_and_nothing_beside_it(registry, path):
    before = {*path.parent.iterdir()}

    async with registry, serve(registry, path):
        found = path.lstat()
        during = {*path.parent.iterdir()}

    assert stat.S_ISSOCK(found.st_mode)
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert found.st_nlink == 1
    assert during - before == {path}
    assert {*path.parent.iterdir()} == before


async def test_a_socket_that_a_dead_process_left_is_replaced(registry, path):
    left = dead(path)

    async with registry, serve(registry, path):
        assert path.stat().st_ino != left.st_ino
        assert await ask(path, "pools") == {}


async def test_a_socket_that_a_process_serves_is_refused_and_goes_on(registry, path):
    async with registry, serve(registry, path):
        with pytest.raises(ConnmgrError, match=r"a process serves at '.*admin\.sock' already"):
            async with serve(registry, path):
                pass

        assert await ask(path, "pools") == {}
    assert not path.exists()


async def test_of_many_that_start_at_once_on_a_dead_socket_one_serves(registry, path):
    dead(path)
    script = f"""
import asyncio, sys
from connmgr import ConnmgrError, Registry
from connmgr.admin import serve
async def main():
    registry = Registry.load({str(path.parent / "profiles")!r})
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    try:
        async with registry, serve(registry, {str(path)!r}):
            print("serves", flush=True)
            await asyncio.to_thread(sys.stdin.readline)
    except ConnmgrError as error:
        print(error, flush=True)
asyncio.run(main())
"""
    pipe = asyncio.subprocess.PIPE
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdin=pipe, stdout=pipe)
        for _ in range(4)
    ]
    for process in processes:
        assert await process.stdout.readline() == b"ready\n"

    for process in processes:
        process.stdin.write(b"\n")
    said = [await process.stdout.readline() for process in processes]

    assert said.count(b"serves\n") == 1
    assert sum(b"already" in line for line in said) == 3
    assert await ask(path, "pools") == {}
    for process in processes:
        await process.communicate(b"\n")


async def test_a_file_that_another_process_has_put_there_since_is_left(registry, path):
    async with registry, serve(registry, path):
        path.unlink()
        dead(path)

    assert path.is_socket()


async def test_a_child_that_was_forked_leaves_the_file_of_its_parent(registry, path):
    """In a process of its own: this one has threads, with which it should not fork."""
    script = f"""
import asyncio, os
from connmgr import Registry
from connmgr.admin.place import listening
with listening({str(path)!r}):
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        assert os.path.exists({str(path)!r}), "the child removed it"
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script)

    assert await process.wait() == 0
    assert not path.exists()


async def test_a_relative_path_is_one_of_the_directory_in_which_it_began(registry, path, monkeypatch):
    elsewhere = path.parent / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(path.parent)

    async with registry, serve(registry, "admin.sock"):
        assert path.is_socket()
        monkeypatch.chdir(elsewhere)

    assert not path.exists()


async def test_a_path_that_is_too_long_is_refused_in_words_and_a_relative_one_will_do(
    registry, path, monkeypatch
):
    deep = path.parent / ("d" * 100)
    deep.mkdir()

    with pytest.raises(ConnmgrError, match=rf"is {LONGEST} bytes long at most, and .* takes \d{{3}}"):
        async with serve(registry, deep / "admin.sock"):
            pass

    monkeypatch.chdir(deep)
    async with registry, serve(registry, "admin.sock"):
        assert await ask(Path("admin.sock"), "pools") == {}


@pytest.mark.parametrize(("name", "why"), [("no/admin.sock", "No such file"), ("file/a", "Not a directory")])
async def test_where_there_can_be_no_socket_the_path_and_the_reason_are_told(registry, path, name, why):
    (path.parent / "file").touch()

    with pytest.raises(ConnmgrError, match=f"cannot serve at '.*{name}': {why}"):
        async with serve(registry, path.parent / name):
            pass


async def test_a_system_without_unix_sockets_is_told_so(registry, path, monkeypatch):
    monkeypatch.delattr(socket, "AF_UNIX")

    with pytest.raises(ConnmgrError, match="needs Unix sockets"):
        async with serve(registry, path):
            pass

"""However a command ends, nothing is left of it: no process, no descriptor, no thread, and no task."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connmgr.config.secrets import Source, command
from connmgr.errors import ConfigError
from connmgr.secret import Secret
from tests.rig import processes
from tests.rig.sources import source_of
from tests.rig.wait import wait_until

# A program with a child, both of which would run for minutes, and a file that names them.
FAMILY = "sleep 600 & echo $$$$ $! > family.new; mv family.new family; "


def shell(script: str, root: Path) -> Source:
    return source_of({"command": ("sh", "-c", script)}, root, {"PATH": os.environ["PATH"]})


def family(root: Path) -> list[int]:
    return [int(pid) for pid in (root / "family").read_text().split()]


def children() -> set[int]:
    """The processes that this one started; a server of the rig's may be among them."""
    return set(processes.children(os.getpid()))


def open_files() -> int:
    return len([*Path("/proc/self/fd").iterdir()])


@pytest.fixture(autouse=True)
async def leftovers() -> AsyncIterator[None]:
    """Look for what a command left when its source has answered; the loop's own descriptors stay."""
    await shell("echo warm", Path("/")).get()
    files, threads, before = open_files(), set(threading.enumerate()), children()

    yield

    assert open_files() <= files
    assert children() <= before
    # asyncio waits for a child in a thread of its own, which tells of the end and then ends.
    await wait_until(lambda: set(threading.enumerate()) <= threads, what="the end of asyncio's threads")


def running_in(folder: Path) -> list[str]:
    """The processes whose current directory is `folder`, whoever started them."""
    return [link.parent.name for link in Path("/proc").glob("[0-9]*/cwd") if _leads_to(link, folder)]


def _leads_to(link: Path, folder: Path) -> bool:
    try:
        return link.readlink() == folder
    except OSError:  # it has ended
        return False


async def all_gone(root: Path) -> None:
    assert len(family(root)) == 2
    # The kill was sent; the system's own clean-up takes a moment.
    await wait_until(lambda: running_in(root) == [], what="the end of the whole family")


async def test_what_a_command_leaves_running_is_ended_with_it(tmp_path: Path) -> None:
    # The child holds the output open, so that without its end the answer would wait for it.
    assert await shell(FAMILY + "echo hunter2", tmp_path).get() == Secret("hunter2")

    await all_gone(tmp_path)


async def test_a_command_that_does_not_end_is_killed_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "DEADLINE", 0.5)
    started = time.monotonic()

    with pytest.raises(ConfigError, match=r"CM504 password: command sh had not ended after 0.5 s") as caught:
        await shell(FAMILY + "echo hunter2; trap '' TERM INT HUP; wait", tmp_path).get()

    assert time.monotonic() - started < 2
    assert "hunter2" not in str(caught.value)
    await all_gone(tmp_path)


async def test_what_left_the_group_and_holds_the_output_open_does_not_hold_up_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "DEADLINE", 0.5)
    script = "setsid sh -c 'echo $$$$ $$$$ > family; exec sleep 600' & while ! [ -s family ]; do :; done"

    with pytest.raises(ConfigError, match="or had left its output open"):
        await shell(script, tmp_path).get()

    # It went out of its way to outlive its starter, and is not ours to kill.
    processes.kill(family(tmp_path)[0])


async def test_too_much_output_ends_it_and_its_children(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="wrote more than 65536 bytes"):
        await shell(FAMILY + "cat /dev/zero", tmp_path).get()

    await all_gone(tmp_path)


async def test_a_cancelled_caller_leaves_nothing(tmp_path: Path) -> None:
    asking = asyncio.create_task(shell(FAMILY + "wait", tmp_path).get())
    await wait_until((tmp_path / "family").exists)

    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    await all_gone(tmp_path)


async def test_a_caller_under_a_deadline_of_its_own_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await shell(FAMILY + "wait", tmp_path).get()

    await all_gone(tmp_path)


@pytest.mark.parametrize("turns", range(8))
async def test_a_caller_cancelled_while_it_starts_leaves_nothing(tmp_path: Path, turns: int) -> None:
    asking = asyncio.create_task(shell(FAMILY + "wait", tmp_path).get())
    for _ in range(turns):
        await asyncio.sleep(0)

    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    await wait_until(lambda: running_in(tmp_path) == [], what="the end of what had started")


async def test_a_caller_cancelled_twice_leaves_nothing_running(tmp_path: Path) -> None:
    before = children()
    asking = asyncio.create_task(shell(FAMILY + "wait", tmp_path).get())
    await wait_until((tmp_path / "family").exists)

    asking.cancel()
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    await all_gone(tmp_path)
    await wait_until(lambda: children() <= before, what="the program to be reaped")


async def test_many_at_once_do_not_mix(tmp_path: Path) -> None:
    sources = [shell(f"echo {number}", tmp_path) for number in range(20)]

    found = await asyncio.gather(*(source.get() for source in sources))

    assert [secret.reveal() for secret in found] == [str(number) for number in range(20)]

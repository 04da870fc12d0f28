"""Where events cannot be had, or do not tell of everything, looking goes on, and the log says so once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from connmgr.config.watch import Watch
from tests.rig.availability import unavailable
from tests.rig.wait import wait_until
from tests.rig.watching import silent, told_once

Log = list[dict[str, Any]]
MESSAGE = "profile files are watched without events, by a look at them about twice a second"

# In a user namespace, whose limits are its own: exhausted in this one, other programs would suffer.
LIMITS = ("max_inotify_instances", "max_inotify_watches")
WITH_LIMIT = 'echo 0 > "/proc/sys/user/$0" && exec "$@"'
SCRIPT = """
import asyncio, json, sys
from pathlib import Path
from loguru import logger
from connmgr.config.watch import Watch
from tests.rig.watching import told_once

logger.remove()
said = []
logger.add(lambda message: said.append([message.record["message"], message.record["extra"]["reason"]]))
logger.enable("connmgr")

async def main(directory):
    path = directory / "orders.yaml"
    async with Watch(directory) as watch:
        await told_once(watch, lambda: path.write_text("url: sqlite:///b.db"))
        await told_once(watch, lambda: (directory / "new.yaml").write_text("url: sqlite:///b.db"))
        await told_once(watch, (directory / "new.yaml").unlink)
        await told_once(watch, lambda: path.rename(directory / "renamed.yaml"))
        await told_once(watch, lambda: directory.rename(directory.with_name("away")))
        await told_once(watch, lambda: directory.with_name("away").rename(directory))

asyncio.run(main(Path(sys.argv[1])))
print(json.dumps(said))
"""


@pytest.mark.parametrize("limit", LIMITS)
def test_no_inotify_is_to_be_had(directory: Path, limit: str) -> None:
    namespace = ["unshare", "-U", "-r", "sh", "-c", WITH_LIMIT, limit]
    if subprocess.run([*namespace, "true"], capture_output=True).returncode:
        unavailable("no user namespace with limits of its own")

    done = _run([*namespace, sys.executable, "-W", "error", "-c", SCRIPT, str(directory)])

    (said,) = json.loads(done.stdout)
    assert said[0] == MESSAGE
    assert "limit" in said[1] or "Too many open files" in said[1]


def test_the_process_has_no_descriptor_left(directory: Path) -> None:
    """For the thread, which was told to begin; what the look needs is had back in between."""
    script = SCRIPT.replace(
        "async with Watch",
        "use_up(); asyncio.get_running_loop().call_later(2, give_back)\n    async with Watch",
        1,
    )
    holding = """
import os
held = []
def use_up():
    try:
        while True: held.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        for _ in range(2): os.close(held.pop())
def give_back():
    while held: os.close(held.pop())
"""
    code = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))\n{holding}{script}"

    done = _run([sys.executable, "-W", "error", "-c", code, str(directory)])

    ((message, reason),) = json.loads(done.stdout)
    assert message == MESSAGE
    assert "Too many open files" in reason


async def test_a_file_changes_without_an_event(
    directory: Path, watch: Watch, log: Log, tmp_path: Path
) -> None:
    """Written to by another of its names, as on a network file system by another machine."""
    other = tmp_path / "other name"
    os.link(directory / "orders.yaml", other)
    # A new name is none of the directory's events either, and no change of the file.
    await watch.changed()

    for number in range(3):
        await told_once(
            watch, lambda n=number: other.write_text(f"url: sqlite:///{n}.db\n", encoding="utf-8")
        )

    assert [(record["level"].name, record["message"]) for record in log] == [("WARNING", MESSAGE)]
    assert log[0]["extra"]["directory"] == str(directory)
    assert "without an event" in log[0]["extra"]["reason"]


async def test_a_new_name_of_a_file_is_no_sign_that_events_are_missing(
    directory: Path, watch: Watch, log: Log, tmp_path: Path
) -> None:
    """Backups that link instead of copying make one."""
    await told_once(watch, lambda: (directory / "new.yaml").touch())
    os.link(directory / "orders.yaml", tmp_path / "other name")
    await watch.changed()
    for _ in range(3):
        await silent(watch)

    assert log == []


async def test_watchfiles_gives_up(directory: Path, watch: Watch, log: Log) -> None:
    """On a name that is no UTF-8 it does."""
    (directory / os.fsdecode(b"\xff")).touch()
    await wait_until(lambda: bool(log), what="the log")

    for number in range(3):
        await told_once(
            watch, lambda n=number: (directory / "orders.yaml").write_text(f"url: sqlite:///{n}.db\n")
        )

    assert [(record["level"].name, record["message"]) for record in log] == [("WARNING", MESSAGE)]


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": str(Path.cwd())}
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done

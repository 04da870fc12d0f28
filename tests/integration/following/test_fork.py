"""A process that was forked from one that watches can watch as well."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FORK = """
import asyncio, os, pathlib, sys
from connmgr import Registry

directory = pathlib.Path(sys.argv[1])
registry = Registry.load(directory)

async def follow(name):
    registry.watch()
    (directory / f"{name}.yaml").write_text("url: sqlite://")
    async with asyncio.timeout(5):
        while name not in registry:
            await asyncio.sleep(0.01)

async def child():
    async with registry:
        await follow("child")

async def parent():
    async with registry:
        await follow("parent")
        pid = os.fork()
        if pid == 0:
            asyncio.events._set_running_loop(None)
            asyncio.run(child())
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        await follow("again")
        sys.exit(status)

asyncio.run(parent())
"""


def test_each_of_them_follows_the_files(tmp_path: Path) -> None:
    (tmp_path / "orders.yaml").write_text("url: sqlite://\n")

    command = [sys.executable, "-c", FORK, str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")

"""Many changes, many files, or both: few returns, little work, and nothing left over."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from connmgr.config.watch import Watch
from tests.rig.wait import wait_until
from tests.rig.watching import (
    count_until_silent,
    descriptors,
    silent,
    threads,
    told_once,
    write_often,
)

MANY = 10_000
SECONDS = 3.0
LONGEST = 0.6
BEGIN = """
import asyncio, sys
from pathlib import Path
from connmgr.config.watch import Watch
from tests.rig.watching import told, write_after

async def main(directory, pause):
    async with Watch(directory) as watch:
        await told(watch, lambda: write_after(pause, directory / "tenant7.yaml"))

asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2])))
"""


async def test_a_thousand_writes_a_second_are_told_of_as_often_as_longest_says(
    watch: Watch, directory: Path
) -> None:
    begin, used = time.monotonic(), time.process_time()
    writing = asyncio.create_task(asyncio.to_thread(write_often, directory / "orders.yaml", 1000, SECONDS))
    returns = await count_until_silent(watch)
    took, used = time.monotonic() - begin, time.process_time() - used

    assert await writing > 1000
    assert took >= SECONDS
    # Every 0.6 s while it goes on, once at its end; and no more than a step's delay between two of them.
    assert SECONDS / (LONGEST + 0.4) <= returns <= SECONDS / LONGEST + 2
    # The writer is in this process and takes most of that.
    assert used < took


async def test_a_burst_leaves_nothing_behind(directory: Path) -> None:
    before = descriptors()

    async with Watch(directory) as watch:
        await asyncio.to_thread(_many_names, directory)
        await count_until_silent(watch)
        await told_once(watch, lambda: (directory / "orders.yaml").write_text("url: sqlite:///b.db\n"))

    await wait_until(lambda: not threads() and descriptors() <= before, what="threads and files to end")


async def test_two_hundred_watches_leave_nothing_behind(directory: Path) -> None:
    before = descriptors()

    for _ in range(20):
        watches = [Watch(directory) for _ in range(10)]
        for watch in watches:
            await watch.__aenter__()
        await asyncio.gather(*(watch.close() for watch in watches))

    await wait_until(lambda: not threads() and descriptors() <= before, what="threads and files to end")


@pytest.mark.slow
async def test_memory_stays_flat_under_a_burst(watch: Watch, directory: Path) -> None:
    sizes = []
    for _ in range(5):
        await asyncio.to_thread(_many_names, directory)
        await asyncio.to_thread(write_often, directory / "orders.yaml", 1000, SECONDS)
        await count_until_silent(watch)
        sizes.append(_resident())

    assert sizes[-1] - sizes[1] < 2 * 2**20


@pytest.fixture
def large(directory: Path) -> Path:
    for number in range(MANY):
        (directory / f"tenant{number}.yaml").write_text("url: sqlite://\n", encoding="utf-8")
    return directory


async def test_one_of_ten_thousand_files_changes(large: Path) -> None:
    async with Watch(large) as watch:
        await told_once(watch, lambda: (large / "tenant7.yaml").write_text("url: sqlite:///b.db\n"))
        await told_once(watch, lambda: (large / "tenant7.yaml").unlink())
        await told_once(watch, lambda: large.rename(large.with_name("away")))
        await told_once(watch, lambda: large.with_name("away").rename(large))


def test_a_change_while_the_events_begin_is_told(large: Path) -> None:
    """Among so many files no look comes by for seconds: what neither events nor the look at their begin saw
    would be late. In a new process each time, where their begin takes longest.
    """
    for pause in ("0.04", "0.06", "0.08", "0.1", "0.12"):
        command = [sys.executable, "-W", "error", "-c", BEGIN, str(large), pause]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=Path.cwd())

        assert (done.returncode, done.stderr) == (0, "")


async def test_a_link_among_ten_thousand_files_is_watched(large: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text("url: sqlite:///a.db\n", encoding="utf-8")
    (large / "linked.yaml").symlink_to(outside)

    async with Watch(large) as watch:
        await silent(watch)
        await told_once(watch, lambda: outside.write_text("url: sqlite:///b.db\n"))


async def test_ten_thousand_files_in_peace_cost_little(large: Path) -> None:
    async with Watch(large) as watch:
        await silent(watch)
        begin, used = time.monotonic(), time.process_time()
        for _ in range(10):
            await silent(watch)
        share = (time.process_time() - used) / (time.monotonic() - begin)

    # Measured: 0.7 %.
    assert share < 0.03


def _many_names(directory: Path) -> None:
    for number in range(2000):
        path = directory / f"new{number}.yaml"
        path.touch()
        path.unlink()


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGESIZE")

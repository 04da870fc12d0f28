"""The end of a watch: soon, whole, and no obstacle to the end of anything else."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from connmgr.config.watch import Watch
from tests.rig.wait import wait_until, wait_until_sync
from tests.rig.watching import threads, told

# Taken down after the interpreter has stopped its threads: whoever lives on then, runs into it.
LATE = """
import asyncio, os, sys, time
from connmgr.config.watch import Watch
class Late:
    def __del__(self, sleep=time.sleep): sleep(0.3)
sys.modules["late"] = Late()
"""
ENDS = {
    "the loop ends": "async def main(): await Watch(sys.argv[1]).__aenter__()",
    "the process ends at once": "async def main():\n await Watch(sys.argv[1]).__aenter__()\n sys.exit(0)",
    "while the events begin": """
async def main():
    watch = Watch(sys.argv[1])
    await watch.__aenter__()
    await asyncio.sleep(0.03)
    sys.exit(0)""",
    "after the first change": """
async def main():
    watch = Watch(sys.argv[1])
    await watch.__aenter__()
    open(sys.argv[1] + "/new.yaml", "x").close()
    await watch.changed()""",
    "the loop goes on in another thread": """
async def main():
    import threading
    async def other():
        watch = Watch(sys.argv[1])
        await watch.__aenter__()
        open(sys.argv[1] + "/new.yaml", "x").close()
        await watch.changed()
        await asyncio.get_running_loop().create_future()
    threading.Thread(target=lambda: asyncio.run(other()), daemon=True).start()
    await asyncio.sleep(0.5)""",
}


@pytest.mark.parametrize("how", ENDS)
def test_a_watch_that_nobody_closed_does_not_keep_the_interpreter_from_ending(
    directory: Path, how: str
) -> None:
    script = f"{LATE}{ENDS[how]}\nasyncio.run(main())"
    begin = time.monotonic()

    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", script, str(directory)],
        capture_output=True,
        text=True,
        timeout=20,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert time.monotonic() - begin < 5


async def test_a_close_ends_the_threads_within_a_second(directory: Path) -> None:
    watch = await Watch(directory).__aenter__()
    await wait_until(lambda: len(threads()) == 3, what="all threads")

    begin = time.monotonic()
    await watch.close()
    took = time.monotonic() - begin

    assert took < 1
    await wait_until(lambda: not threads(), 0.2, what="the threads to end")
    await watch.close()


def test_a_loop_that_closes_ends_the_threads(directory: Path) -> None:
    asyncio.run(Watch(directory).__aenter__())

    wait_until_sync(lambda: not threads(), what="the threads to end")


async def test_a_close_while_the_watch_begins(directory: Path) -> None:
    for _ in range(20):
        async with Watch(directory):
            pass

    await wait_until(lambda: not threads(), what="the threads to end")


async def test_a_begin_that_is_cancelled_leaves_nothing_behind(directory: Path) -> None:
    begin = asyncio.create_task(Watch(directory).__aenter__())
    await asyncio.sleep(0)

    begin.cancel()
    with pytest.raises(asyncio.CancelledError):
        await begin

    await wait_until(lambda: not threads(), what="the threads to end")


async def test_who_waits_for_a_change_is_told_of_the_close(directory: Path) -> None:
    async with Watch(directory) as watch:
        waiting = asyncio.create_task(watch.changed())
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="not open"):
        await waiting
    with pytest.raises(RuntimeError, match="not open"):
        await watch.changed()


async def test_a_watch_that_has_not_begun_says_so_and_may_be_closed(directory: Path) -> None:
    watch = Watch(directory)

    with pytest.raises(RuntimeError, match="not open"):
        await watch.changed()
    await watch.close()


async def test_the_variables_of_watchfiles_change_nothing(
    directory: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("WATCHFILES_FORCE_POLLING", "WATCHFILES_DEBUG"):
        monkeypatch.setenv(name, "1")

    async with Watch(directory) as watch:
        await told(watch, lambda: (directory / "orders.yaml").write_text("url: sqlite:///b.db\n"))
        names = threads()

    # Linux shows 15 characters of a thread's name.
    assert "notify-rs inoti" in " ".join(names)
    assert capfd.readouterr() == ("", "")

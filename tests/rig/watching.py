"""Change files beside a watch, and see how often it tells."""

from __future__ import annotations

import asyncio
import itertools
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

from connmgr.config.watch import Watch

WITHIN = 1.0
"""Seconds from a change to the return of `changed` that are promised."""

STILL = 0.8
"""Seconds in which each kind of look has come by: whatever would be told a second time is told in them."""


async def told(watch: Watch, change: Callable[[], object]) -> None:
    """Change something, and wait until the watch tells of it.

    Raises:
        TimeoutError: it did not within a second after the change.
    """
    await asyncio.to_thread(change)
    async with asyncio.timeout(WITHIN):
        await watch.changed()


async def told_once(watch: Watch, change: Callable[[], object]) -> None:
    """Change something, and see that the watch tells of it and then no more."""
    await told(watch, change)
    await silent(watch)


def threads() -> list[str]:
    """Return the names of the threads of all watches of this process, watchfiles' own among them."""
    ours = [thread.name for thread in threading.enumerate() if thread.name.startswith("connmgr-watch")]
    names = [_name(task) for task in Path("/proc/self/task").iterdir()]
    return ours + [name for name in names if name.startswith("notify")]


def descriptors() -> int:
    """Return how many files this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def _name(task: Path) -> str:
    try:
        return (task / "comm").read_text(encoding="utf-8")
    except OSError:  # it has ended
        return ""


async def silent(watch: Watch) -> None:
    """See that the watch has nothing to tell.

    Raises:
        AssertionError: it has.
    """
    assert await count_until_silent(watch) == 0, "the watch told of a change where none was, or of one twice"


async def count_until_silent(watch: Watch) -> int:
    """Return how often the watch tells before it falls silent."""
    for count in itertools.count():
        try:
            async with asyncio.timeout(STILL):
                await watch.changed()
        except TimeoutError:
            return count
    raise AssertionError("it never falls silent")


def write_in_pieces(path: Path, pieces: list[str], pause: float) -> None:
    """Write a file as a slow program does, with `pause` seconds between two pieces."""
    with path.open("w", encoding="utf-8") as file:
        for number, piece in enumerate(pieces):
            if number:
                time.sleep(pause)
            file.write(piece)
            file.flush()


def write_after(pause: float, path: Path) -> None:
    """Write a file after so many seconds."""
    time.sleep(pause)
    path.write_text(f"url: sqlite:///{pause}.db\n", encoding="utf-8")


def write_often(path: Path, per_second: int, seconds: float) -> int:
    """Write a file again and again, in place; return how often."""
    begin, count = time.monotonic(), 0
    while (passed := time.monotonic() - begin) < seconds:
        if count < passed * per_second:
            count += 1
            path.write_text(f"url: sqlite:///{count}.db\n", encoding="utf-8")
        else:
            time.sleep(1 / per_second)
    return count


def write_unevenly(path: Path, chance: random.Random, times: int) -> str:
    """Write a file so many times, in place or by a rename, up to 50 ms apart; return what it is then."""
    text = ""
    for _ in range(times):
        text = f"url: sqlite:///{chance.getrandbits(64)}.db\n"
        written = path if chance.random() < 0.5 else path.with_name("beside")
        written.write_text(text, encoding="utf-8")
        written.rename(path)
        time.sleep(chance.uniform(0, 0.05))
    return text

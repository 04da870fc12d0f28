"""Whoever reads after each return has read what was written last: no change falls between two calls."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from connmgr.config.watch import Watch
from tests.rig.wait import wait_until
from tests.rig.watching import WITHIN, silent, write_unevenly


async def test_a_change_right_after_the_begin_is_told(directory: Path) -> None:
    for number in range(10):
        async with Watch(directory) as watch:
            (directory / "orders.yaml").write_text(f"url: sqlite:///{number}.db\n", encoding="utf-8")

            async with asyncio.timeout(WITHIN):
                await watch.changed()


async def test_what_changed_before_the_begin_is_not_told(directory: Path) -> None:
    (directory / "orders.yaml").write_text("url: sqlite:///b.db\n", encoding="utf-8")

    async with Watch(directory) as watch:
        await silent(watch)


async def test_a_change_between_two_calls_is_told(watch: Watch, directory: Path) -> None:
    path = directory / "orders.yaml"
    path.write_text("url: sqlite:///b.db\n", encoding="utf-8")
    await watch.changed()
    path.write_text("url: sqlite:///c.db\n", encoding="utf-8")
    # A reload may take as long, and every kind of look comes by meanwhile.
    async with Watch(directory.parent) as other:
        await silent(other)

    async with asyncio.timeout(WITHIN):
        await watch.changed()
    await silent(watch)


@pytest.mark.parametrize("seed", range(3))
async def test_a_reader_ends_up_with_the_last_write(watch: Watch, directory: Path, seed: int) -> None:
    path, chance = directory / "orders.yaml", random.Random(seed)
    read: list[str] = []

    async def read_when_told() -> None:
        while True:
            await watch.changed()
            read.append(path.read_text(encoding="utf-8"))

    reading = asyncio.create_task(read_when_told())
    for _ in range(3):
        last = await asyncio.to_thread(write_unevenly, path, chance, 50)
        await wait_until(lambda last=last: read[-1:] == [last], WITHIN, what="the last write to be read")
    reading.cancel()


async def test_a_cancelled_call_leaves_the_change_to_the_next(watch: Watch, directory: Path) -> None:
    (directory / "orders.yaml").write_text("url: sqlite:///b.db\n", encoding="utf-8")
    await wait_until(lambda: watch._inbox is not None and watch._inbox.has_news.is_set())
    call = asyncio.create_task(watch.changed())
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    async with asyncio.timeout(WITHIN):
        await watch.changed()
    await silent(watch)


async def test_calls_cancelled_again_and_again_lose_nothing(watch: Watch, directory: Path) -> None:
    for text in ("url: sqlite:///b.db\n", "url: sqlite:///c.db\n"):
        (directory / "orders.yaml").write_text(text, encoding="utf-8")
        await wait_until(lambda: _is_told_within(watch, 0.01), WITHIN, what="the change to be told")
    await silent(watch)


async def _is_told_within(watch: Watch, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await watch.changed()
    except TimeoutError:
        return False
    return True

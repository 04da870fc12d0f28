"""The directory may be swapped, vanish and come back: the watch is of its path, whatever stands there."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connmgr.config.watch import Watch
from tests.rig.watching import count_until_silent, silent, told, told_once

Log = list[dict[str, Any]]


def release(root: Path, number: int) -> Path:
    """A release with its own profiles."""
    profiles = root / "releases" / str(number) / "profiles"
    profiles.mkdir(parents=True)
    _write(profiles / "orders.yaml", number)
    return profiles


def point(link: Path, target: Path) -> None:
    """Have a link lead elsewhere at one instant, as `ln -sfn` through a rename does."""
    beside = link.with_name("beside")
    beside.symlink_to(target)
    beside.rename(link)


async def test_the_directory_is_a_link_that_is_pointed_elsewhere(tmp_path: Path) -> None:
    link = tmp_path / "profiles"
    link.symlink_to(release(tmp_path, 1))
    second = release(tmp_path, 2)

    async with Watch(link) as watch:
        await told_once(watch, lambda: point(link, second))
        await told_once(watch, lambda: _write(second / "orders.yaml", 3))


async def test_a_parent_is_a_link_that_is_pointed_elsewhere(tmp_path: Path) -> None:
    current = tmp_path / "current"
    current.symlink_to(release(tmp_path, 1).parent)
    second = release(tmp_path, 2)

    async with Watch(current / "profiles") as watch:
        await told_once(watch, lambda: point(current, second.parent))
        await told_once(watch, lambda: _write(second / "orders.yaml", 3))


async def test_the_old_release_tells_nothing_any_more(tmp_path: Path) -> None:
    first, second = release(tmp_path, 1), release(tmp_path, 2)
    link = tmp_path / "profiles"
    link.symlink_to(first)

    async with Watch(link) as watch:
        await told_once(watch, lambda: point(link, second))
        _write(first / "orders.yaml", 3)

        await silent(watch)


async def test_another_directory_is_renamed_into_its_place(directory: Path, watch: Watch) -> None:
    new = release(directory.parent, 2)

    def replace() -> None:
        directory.rename(directory.with_name("old"))
        new.rename(directory)

    await told_once(watch, replace)
    await told_once(watch, lambda: _write(directory / "orders.yaml", 3))


async def test_a_parent_is_renamed_and_another_takes_its_place(tmp_path: Path) -> None:
    first = release(tmp_path, 1)
    second = release(tmp_path, 2)

    def replace() -> None:
        first.parent.rename(tmp_path / "old")
        second.parent.rename(first.parent)

    async with Watch(first) as watch:
        await told_once(watch, replace)
        await told_once(watch, lambda: _write(first / "orders.yaml", 3))


async def test_it_vanishes_and_comes_back(directory: Path, watch: Watch) -> None:
    await told_once(watch, lambda: shutil.rmtree(directory))
    await told_once(watch, lambda: _make(directory))
    await told_once(watch, lambda: _write(directory / "orders.yaml", 3))


async def test_it_is_made_anew_at_once(directory: Path, watch: Watch, log: Log) -> None:
    """A file system may give the new directory the number of the old one, and then it looks the same."""

    def make_anew() -> None:
        shutil.rmtree(directory)
        _make(directory)

    for _ in range(5):
        await told(watch, make_anew)
    await silent(watch)
    await told_once(watch, lambda: _write(directory / "orders.yaml", 3))
    await silent(watch)

    # It would say by now that it sees files change of which no event tells.
    assert log == []


async def test_it_need_not_exist_at_first(tmp_path: Path) -> None:
    directory = tmp_path / "not" / "yet"

    async with Watch(directory) as watch:
        await told_once(watch, lambda: _make(directory))
        await told_once(watch, lambda: _write(directory / "orders.yaml", 3))


@pytest.mark.parametrize(
    "put", [Path.touch, lambda path: path.symlink_to("nowhere")], ids=["a file", "a link to nowhere"]
)
async def test_something_else_stands_there(
    directory: Path, watch: Watch, put: Callable[[Path], None]
) -> None:
    shutil.rmtree(directory)
    put(directory)
    await watch.changed()
    await silent(watch)

    def make() -> None:
        directory.unlink()
        _make(directory)

    await told_once(watch, make)


async def test_a_directory_that_nobody_can_name_is_one_that_is_not_there() -> None:
    async with Watch("profiles\0") as watch:
        await silent(watch)


async def test_swaps_without_a_pause_do_not_keep_the_last_from_being_told(tmp_path: Path) -> None:
    releases = [release(tmp_path, number) for number in range(2)]
    link = tmp_path / "profiles"
    link.symlink_to(releases[0])

    def swap_often() -> None:
        for number in range(1, 500):
            point(link, releases[number % 2])

    async with Watch(link) as watch:
        await asyncio.to_thread(swap_often)
        assert await count_until_silent(watch) >= 1

        await told_once(watch, lambda: _write(releases[1] / "orders.yaml", 3))


def _make(directory: Path) -> None:
    directory.mkdir(parents=True)
    _write(directory / "orders.yaml", 2)


def _write(path: Path, number: int) -> None:
    path.write_text(f"url: sqlite:///{number}.db\n", encoding="utf-8")

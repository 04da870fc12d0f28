"""A registry that watches takes over each change within a second, once, however it was written."""

from __future__ import annotations

import shutil
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from connmgr import Registry
from tests.rig.editors import ConfigMap, as_sed, as_vim, in_place
from tests.rig.wait import wait_until

WITHIN = 1.0
SWAPS = 100


def profile(seconds: int) -> str:
    return f"url: sqlite://\ntimeouts: {{startup: {seconds}s}}\n"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    directory = tmp_path / "profiles"
    directory.mkdir()
    (directory / "orders.yaml").write_text(profile(1))
    return directory


@pytest.fixture
async def watching(directory: Path) -> AsyncIterator[Registry]:
    async with Registry.load(directory) as registry:
        registry.watch()
        registry.engine("orders")
        await wait_until(lambda: registry.reloads.applied == 1, what="the first look")
        yield registry


def bring_back(directory: Path, text: str) -> None:
    directory.mkdir()
    in_place(directory / "orders.yaml", text)


async def taken_over(registry: Registry, seconds: int) -> float:
    """Return how long it took until the change was in force."""
    begun = time.monotonic()
    await wait_until(lambda: registry.settings("orders").timeouts.startup == seconds, 5, what="the change")
    return time.monotonic() - begun


@pytest.mark.parametrize("write", [in_place, as_sed, as_vim])
async def test_a_change_is_in_force_within_a_second_and_applied_once(
    watching: Registry, directory: Path, write: Callable[[Path, str], None]
) -> None:
    path = directory / "orders.yaml"
    engine = watching.engine("orders")
    times = []
    for seconds in range(2, 7):
        before = watching.reloads.applied
        write(path, profile(seconds))
        times.append(await taken_over(watching, seconds))
        assert watching.reloads.applied == before + 1

    assert max(times) < WITHIN
    assert watching.reloads.refused == 0
    assert watching.engine("orders") is engine


async def test_each_of_a_hundred_swaps_of_a_config_map_is_taken_over_once(tmp_path: Path) -> None:
    mounted = ConfigMap(tmp_path / "mounted")
    mounted.swap({"orders.yaml": profile(1), "other.yaml": "url: sqlite://\n"})
    times = []
    async with Registry.load(tmp_path / "mounted") as registry:
        registry.watch()
        other = registry.engine("other")
        await wait_until(lambda: registry.reloads.applied == 1, what="the first look")
        for seconds in range(2, SWAPS + 2):
            mounted.swap({"orders.yaml": profile(seconds), "other.yaml": "url: sqlite://\n"})
            times.append(await taken_over(registry, seconds))
        reloads = registry.reloads

        assert registry.engine("other") is other

    assert max(times) < WITHIN
    assert (reloads.applied, reloads.refused) == (SWAPS + 1, 0)


async def test_a_directory_that_vanishes_changes_nothing_and_is_followed_when_it_is_back(
    watching: Registry, directory: Path
) -> None:
    engine = watching.engine("orders")
    shutil.rmtree(directory)
    await wait_until(lambda: watching.reload_error is not None, 2 * WITHIN, what="the refusal")
    assert "CM107" in str(watching.reload_error)
    assert watching.engine("orders") is engine

    bring_back(directory, profile(9))

    assert await taken_over(watching, 9) < WITHIN
    assert watching.reload_error is None


async def test_a_file_that_is_wrong_for_a_moment_is_not_acted_on(
    watching: Registry, directory: Path, log: list[dict[str, Any]]
) -> None:
    """Its writer pauses for longer than a watch waits for rest."""
    path = directory / "orders.yaml"
    in_place(path, "url: sqlite://\ntimeouts: {startup: ")
    before = time.monotonic()
    await wait_until(lambda: time.monotonic() - before > 0.4)
    in_place(path, profile(3))

    await taken_over(watching, 3)
    assert watching.reloads.refused == 0
    assert [record for record in log if record["level"].name == "ERROR"] == []


async def test_a_file_that_stays_wrong_is_told_once(
    watching: Registry, directory: Path, log: list[dict[str, Any]]
) -> None:
    path = directory / "orders.yaml"
    for attempt in range(3):
        in_place(path, f"url: sqlite://\npoool: {attempt}\n")
        await wait_until(lambda n=attempt: watching.reloads.refused > n, 5, what="a refusal")

    errors = [record for record in log if record["level"].name == "ERROR"]
    assert len(errors) == 1
    assert "orders.yaml:2" in str(errors[0]["message"])
    assert (await watching.health("orders")).reload_error.startswith(f"{path}:2")


async def test_what_changed_before_it_watched_is_taken_over(directory: Path) -> None:
    registry = Registry.load(directory)
    in_place(directory / "orders.yaml", profile(4))
    async with registry:
        registry.watch()

        assert await taken_over(registry, 4) < WITHIN


async def test_it_watches_no_more_once_closed_and_again_when_opened_again(directory: Path) -> None:
    registry = Registry.load(directory)
    for seconds in (5, 6):
        async with registry:
            registry.watch()
            registry.watch()
            in_place(directory / "orders.yaml", profile(seconds))
            await taken_over(registry, seconds)

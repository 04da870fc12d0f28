"""Profile files that are links: what they lead to is watched too, wherever it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connmgr.config.watch import Watch
from tests.rig.watching import silent, told_once


async def test_a_file_outside_is_edited_in_place(tmp_path: Path, directory: Path, watch: Watch) -> None:
    outside = _linked(tmp_path, directory)
    await watch.changed()

    await told_once(watch, lambda: outside.write_text("url: sqlite:///3.db\n", encoding="utf-8"))


async def test_a_file_outside_is_replaced(tmp_path: Path, directory: Path, watch: Watch) -> None:
    outside = _linked(tmp_path, directory)
    await watch.changed()

    def replace() -> None:
        new = outside.with_name("new")
        new.write_text("url: sqlite:///3.db\n", encoding="utf-8")
        new.rename(outside)

    await told_once(watch, replace)


async def test_a_file_outside_goes_and_comes_back(tmp_path: Path, directory: Path, watch: Watch) -> None:
    outside = _linked(tmp_path, directory)
    await watch.changed()

    await told_once(watch, outside.unlink)
    await told_once(watch, lambda: outside.write_text("url: sqlite:///3.db\n", encoding="utf-8"))


async def test_a_link_is_pointed_elsewhere(tmp_path: Path, directory: Path, watch: Watch) -> None:
    _linked(tmp_path, directory)
    other = tmp_path / "other.yaml"
    other.write_text("url: sqlite:///3.db\n", encoding="utf-8")
    await watch.changed()

    def point() -> None:
        beside = directory / "beside"
        beside.symlink_to(other)
        beside.rename(directory / "linked.yaml")

    await told_once(watch, point)
    await told_once(watch, lambda: other.write_text("url: sqlite:///4.db\n", encoding="utf-8"))


async def test_what_stands_beside_a_file_outside_is_no_change(
    tmp_path: Path, directory: Path, watch: Watch
) -> None:
    outside = _linked(tmp_path, directory)
    await watch.changed()

    outside.with_name("other.yaml").write_text("url: sqlite:///3.db\n", encoding="utf-8")

    await silent(watch)


async def test_files_outside_are_no_sign_that_events_are_missing(
    tmp_path: Path, directory: Path, watch: Watch, log: list[dict[str, Any]]
) -> None:
    outside = _linked(tmp_path, directory)
    await watch.changed()

    for number in range(3):
        await told_once(
            watch, lambda n=number: outside.write_text(f"url: sqlite:///{n}.db\n", encoding="utf-8")
        )

    assert log == []


def _linked(tmp_path: Path, directory: Path) -> Path:
    """Return a file outside to which a link in the directory leads."""
    outside = tmp_path / "outside" / "orders.yaml"
    outside.parent.mkdir()
    outside.write_text("url: sqlite:///2.db\n", encoding="utf-8")
    (directory / "linked.yaml").symlink_to(outside)
    return outside

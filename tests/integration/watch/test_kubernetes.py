"""A ConfigMap or Secret as the kubelet mounts it: links through `..data`, which is swapped by one rename."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from connmgr.config.watch import Watch
from tests.rig.watching import told, told_once


class ConfigMap:
    """A mounted ConfigMap: real links, swapped as the kubelet's atomic writer does it."""

    def __init__(self, root: Path, names: tuple[str, ...]) -> None:
        self.root = root
        self._names = names
        self._version = 0
        root.mkdir()
        self.swap()
        for name in names:
            (root / name).symlink_to(f"..data/{name}")

    def text(self) -> str:
        """The text of every file in this version."""
        return f"url: sqlite:///{self._version:04}.db\n"

    def swap(self) -> None:
        """Write a new version, and have `..data` lead there."""
        old = self._folder()
        self._version += 1
        new = self._folder()
        new.mkdir()
        for name in self._names:
            (new / name).write_text(self.text(), encoding="utf-8")
        beside = self.root / "..data_tmp"
        beside.symlink_to(new.name)
        beside.rename(self.root / "..data")
        if old.exists():
            shutil.rmtree(old)

    def _folder(self) -> Path:
        return self.root / f"..2026_11_23_20_47_11.{self._version:09}"


async def test_a_swap_is_told_once(tmp_path: Path) -> None:
    mounted = ConfigMap(tmp_path / "config", ("orders.yaml", "billing.yaml"))

    async with Watch(mounted.root) as watch:
        await told_once(watch, mounted.swap)


@pytest.mark.parametrize("swaps", [10, pytest.param(100, marks=pytest.mark.slow)])
async def test_swaps_in_a_row_are_each_told(tmp_path: Path, swaps: int) -> None:
    mounted = ConfigMap(tmp_path / "config", ("orders.yaml",))
    read = []

    async with Watch(mounted.root) as watch:
        for _ in range(swaps):
            await told(watch, mounted.swap)
            read.append((mounted.root / "orders.yaml").read_text(encoding="utf-8") == mounted.text())

    assert read == [True] * swaps


async def test_a_file_that_the_new_version_leaves_out_is_told(tmp_path: Path) -> None:
    mounted = ConfigMap(tmp_path / "config", ("orders.yaml", "billing.yaml"))

    def leave_out() -> None:
        """As the kubelet: the link goes after the swap, when it leads nowhere."""
        mounted._names = ("orders.yaml",)
        mounted.swap()
        (mounted.root / "billing.yaml").unlink()

    async with Watch(mounted.root) as watch:
        await told_once(watch, leave_out)

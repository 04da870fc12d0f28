"""Write a file the ways that editors and Kubernetes do, step by step as they do it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path


def in_place(path: Path, text: str) -> None:
    """Truncate and write, as VS Code does and a shell's `>`."""
    path.write_text(text, encoding="utf-8")


def as_sed(path: Path, text: str) -> None:
    """Write a file with a name of its own beside it, and rename it, as `sed -i` does."""
    other = path.with_name("sedU8xT2k")
    other.write_text(text, encoding="utf-8")
    other.replace(path)


def as_vim(path: Path, text: str) -> None:
    """Move the old one aside, write a new one, delete the old, as vim does with a backup."""
    probe, backup = path.with_name("4913"), path.with_name(f"{path.name}~")
    probe.touch()
    probe.unlink()
    path.replace(backup)
    path.write_text(text, encoding="utf-8")
    backup.unlink()


class ConfigMap:
    """A directory as Kubernetes mounts a ConfigMap: each file a link into `..data`, itself a link."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._swaps = 0
        directory.mkdir()

    def swap(self, files: Mapping[str, str]) -> None:
        """Put these files in the place of those that are there, in one rename."""
        self._swaps += 1
        new = self._directory / f"..2026_11_23_{self._swaps:06}"
        new.mkdir()
        for name, text in files.items():
            (new / name).write_text(text, encoding="utf-8")
        data, link = self._directory / "..data", self._directory / "..data_tmp"
        old = data.resolve() if data.is_symlink() else None
        link.symlink_to(new.name)
        os.rename(link, data)  # noqa: PTH104 - the call that Kubernetes makes
        for name in files:
            if not (self._directory / name).is_symlink():
                (self._directory / name).symlink_to(Path("..data", name))
        if old is not None:
            shutil.rmtree(old)

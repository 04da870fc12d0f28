"""Change the files of a registry that was loaded already."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.rig.profiles import asked_each_time


class Written:
    """The profiles' files in a directory, to be written anew: each call replaces or deletes one."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def profile(self, name: str, **values: Any) -> None:
        """Write a profile."""
        text = json.dumps(asked_each_time(values))
        (self.directory / f"{name}.yaml").write_text(text, encoding="utf-8")

    def registry(self, **values: Any) -> None:
        """Write `_registry.yaml`."""
        self.directory.mkdir(exist_ok=True)
        (self.directory / "_registry.yaml").write_text(json.dumps(values), encoding="utf-8")

    def remove(self, name: str) -> None:
        """Delete a profile."""
        (self.directory / f"{name}.yaml").unlink()

    def spoil(self, name: str) -> None:
        """Write a profile that a reload refuses."""
        (self.directory / f"{name}.yaml").write_text("url: [", encoding="utf-8")

"""What the file about all profiles says, and reports that are of now."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def write_registry_file(tmp_path: Path) -> Callable[..., None]:
    """Write `_registry.yaml` beside the profiles that `load` will write: `write_registry_file(groups={})`."""

    def write(**values: object) -> None:
        directory = tmp_path / "profiles"
        directory.mkdir(exist_ok=True)
        (directory / "_registry.yaml").write_text(json.dumps(values), encoding="utf-8")

    return write

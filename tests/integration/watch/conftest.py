"""A directory with one profile, and a watch of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connmgr.config.watch import Watch


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    directory = tmp_path / "profiles"
    directory.mkdir()
    (directory / "orders.yaml").write_text("url: sqlite:///a.db\n", encoding="utf-8")
    return directory


@pytest.fixture
async def watch(directory: Path) -> AsyncIterator[Watch]:
    async with Watch(directory) as watch:
        yield watch

"""Profiles from texts: one file in a directory of its own, loaded for real."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from connmgr.config.loader import LoadResult, load_profiles
from connmgr.config.settle import settle
from connmgr.profile import Profile
from connmgr.settings import Settings

Load = Callable[[str | bytes], LoadResult]
Settle = Callable[..., Settings]
WriteRegistry = Callable[..., Path]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Load one profile named `orders`; its problems name the file `./orders.yaml` as `orders.yaml`."""
    monkeypatch.chdir(tmp_path)

    def load_text(text: str | bytes) -> LoadResult:
        Path("orders.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_profiles(".")

    return load_text


@pytest.fixture
def written(load: Load) -> Callable[[str], Profile]:
    """Load one profile that has no problem."""

    def profile(text: str) -> Profile:
        result = load(text)
        assert result.problems == ()
        return result.profiles["orders"]

    return profile


@pytest.fixture
def settled(written: Callable[[str], Profile]) -> Settle:
    """Settle one profile that has no problem as written, with the variables given."""

    def settings(text: str, **environ: str) -> Settings:
        return settle(written(text), environ)

    return settings


@pytest.fixture
def write_registry(tmp_path: Path) -> WriteRegistry:
    """Write `_registry.yaml` beside three profiles, and other files; return their directory."""

    def write(text: str, others: Mapping[str, str] = MappingProxyType({})) -> Path:
        for profile in ("orders", "billing", "warehouse"):
            (tmp_path / f"{profile}.yaml").write_text("url: sqlite://\n")
        (tmp_path / "_registry.yaml").write_text(text)
        for name, other in others.items():
            (tmp_path / name).write_text(other)
        return tmp_path

    return write

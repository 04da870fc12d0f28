"""A registry of a few names needs their files, their bases' and the shared ones, whatever the others hold."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from connmgr import ConfigError, Registry, UnknownProfile

URL = "url: sqlite://\n"


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory where `orders` is well, and others are not."""
    texts = {
        "orders.yaml": f"extends: _server\n{URL}",
        "_server.yaml": "health: {timeout: 4s}\n",
        "users.yaml": "url: mysql://x/y\n",
        "stock.yaml": "a: [\n",
        "tenants.profiles.yaml": f"profiles:\n  first:\n    {URL}  second:\n    pool: {{size: x}}\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    os.mkfifo(tmp_path / "pipe.yaml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def test_profiles_that_are_named_serve_beside_broken_ones() -> None:
    async with Registry.load(".", names=["orders", "first"]) as registry:
        assert list(registry) == ["orders", "first"]
        assert await registry.is_healthy("orders")
        assert await registry.is_healthy("first")


def test_a_broken_one_that_is_named_is_refused_with_its_problems_alone() -> None:
    with pytest.raises(ConfigError) as caught:
        Registry.load(".", names=["orders", "second"])

    assert {problem.path for problem in caught.value.problems} == {
        "profiles.second.pool.size",
        "profiles.second.url",
    }


@pytest.mark.parametrize("name", ["ordres", "_server"])
def test_a_name_that_no_profile_has_is_unknown_and_a_near_one_asked_for(name: str) -> None:
    with pytest.raises(UnknownProfile, match="there are: first, orders, pipe, second, stock, users"):
        Registry.load(".", names=["orders", name])


def test_a_shared_file_that_cannot_be_read_is_told_and_not_that_its_profile_is_unknown() -> None:
    Path("tenants.profiles.yaml").write_text("profiles: [\n")

    with pytest.raises(ConfigError, match=r"tenants\.profiles\.yaml:1:12: CM201"):
        Registry.load(".", names=["first"])


def test_a_warning_is_logged_and_refuses_nothing(log: list[dict[str, Any]]) -> None:
    Path("orders.yaml").write_text(f"{URL}pool: {{timeout: 5000}}\n")

    registry = Registry.load(".", names=["orders"])

    assert list(registry) == ["orders"]
    assert [(record["level"].name, record["extra"]["code"]) for record in log] == [("WARNING", "CM305")]

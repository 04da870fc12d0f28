"""Where a registry finds its files again."""

from __future__ import annotations

from pathlib import Path

import pytest

from connmgr import ConnmgrError, Registry


async def test_a_relative_directory_is_found_again_after_the_process_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "orders.yaml").write_text("url: sqlite://\n")
    monkeypatch.chdir(tmp_path.parent)
    async with Registry.load(tmp_path.name) as registry:
        monkeypatch.chdir("/")
        (tmp_path / "more.yaml").write_text("url: sqlite://\n")

        plan = await registry.reload()

    assert [each.profile for each in plan.profiles] == ["more"]
    assert plan.profiles[0].place.file == str(tmp_path / "more.yaml")


async def test_profiles_that_were_not_loaded_from_a_directory_are_not_read_again(tmp_path: Path) -> None:
    (tmp_path / "orders.yaml").write_text("url: sqlite://\n")
    async with Registry(Registry.load(tmp_path)) as registry:
        for act in (registry.plan, registry.watch):
            with pytest.raises(ConnmgrError, match=r"Registry\.load"):
                act()
        with pytest.raises(ConnmgrError, match=r"Registry\.load"):
            await registry.reload()

    assert registry.reload_error is None


async def test_only_the_profiles_that_were_asked_for_are_read_again(tmp_path: Path) -> None:
    for name in ("orders", "more"):
        (tmp_path / f"{name}.yaml").write_text("url: sqlite://\n")
    async with Registry.load(tmp_path, names=["orders"]) as registry:
        (tmp_path / "more.yaml").write_text("uri: sqlite://\n")
        assert (await registry.reload()).is_empty

        (tmp_path / "orders.yaml").unlink()
        with pytest.raises(ConnmgrError, match="orders"):
            await registry.reload()

        assert "orders" in registry
        assert registry.reload_error is not None

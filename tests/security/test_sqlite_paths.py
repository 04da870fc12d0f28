"""A relative path of a SQLite file stays in the directory that it begins at, links and all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from connmgr import ConfigError, Registry
from connmgr.config.loader import load_profiles
from connmgr.target import SQLiteTarget

Open = Callable[..., Registry]
OUTSIDE = ["../outside.db", "data/../../outside.db", "${FILE}", "data/${FILE}/../../outside.db"]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a directory `data`, beside which `outside.db` would lie."""
    root = tmp_path / "root"
    (root / "data").mkdir(parents=True)
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def outside(root: Path) -> Path:
    return root.parent / "outside.db"


@pytest.fixture
def opened(root: Path) -> Open:
    """Load the profile `orders`, whose file lies in a directory of its own."""

    def load(url: str, environ: dict[str, str] | None = None, **sqlite: Any) -> Registry:
        directory = root / "profiles"
        directory.mkdir(exist_ok=True)
        values = {"url": f"sqlite:///{url}", **({"sqlite": sqlite} if sqlite else {})}
        (directory / "orders.yaml").write_text(json.dumps(values))
        return Registry.load(directory, environ=environ or {})

    return load


def is_there(file: Path) -> bool:
    return file.is_file()


def move_away(file: Path, to: Path) -> None:
    """Put a link in the place of a file."""
    file.replace(to)
    file.symlink_to(to)


async def use(registry: Registry) -> None:
    async with registry, registry.begin("orders") as session:
        await session.execute(text("CREATE TABLE item (id INTEGER)"))


@pytest.mark.parametrize("url", OUTSIDE[:2])
def test_a_path_that_steps_out_is_a_problem_before_anything_is_used(root: Path, url: str) -> None:
    (root / "orders.yaml").write_text(f"description: Orders\nurl: sqlite:///{url}\n")

    (problem,) = load_profiles(str(root)).problems

    assert (problem.code, problem.path, problem.place.line) == ("CM601", "url", 2)
    assert str(root) in problem.found
    assert "allow_outside: true" in problem.hint


@pytest.mark.parametrize("url", OUTSIDE[2:])
async def test_a_reference_cannot_step_out_either(opened: Open, outside: Path, url: str) -> None:
    registry = opened(url, {"FILE": "../outside.db"})

    with pytest.raises(ConfigError, match=r"CM601 url: .*, from FILE: \.\. leads there"):
        await use(registry)

    assert not is_there(outside)


@pytest.mark.parametrize("link", ["link.db", "data/link.db", "folder/outside.db", "chain.db"])
async def test_a_link_that_leads_out_is_refused_when_the_file_is_opened(
    opened: Open, root: Path, outside: Path, link: str
) -> None:
    for name in ("link.db", "data/link.db"):
        (root / name).symlink_to(outside)
    (root / "folder").symlink_to(root.parent)
    (root / "chain.db").symlink_to("data/link.db")

    with pytest.raises(ConfigError, match=r"orders\.yaml:1:\d+: CM601 url: .*a link leads there"):
        await use(opened(link))

    assert not is_there(outside)


async def test_a_link_that_comes_later_is_refused_too(opened: Open, root: Path, outside: Path) -> None:
    async with opened("orders.db") as registry:
        async with registry.begin("orders") as session:
            await session.execute(text("CREATE TABLE item (id INTEGER)"))
        move_away(root / "orders.db", outside)

        with pytest.raises(ConfigError, match="a link leads there"):
            async with registry.session("orders") as session:
                await session.execute(text("SELECT 1"))


@pytest.mark.parametrize("path", ["orders.db", "data/../orders.db", "link.db"])
async def test_what_stays_inside_is_opened(opened: Open, root: Path, path: str) -> None:
    (root / "link.db").symlink_to("data/../orders.db")

    await use(opened(path))

    assert is_there(root / "orders.db")


@pytest.mark.parametrize("allowed", [True, "${OUTSIDE}"])
@pytest.mark.parametrize("path", ["../outside.db", "link.db"])
async def test_a_profile_may_allow_the_outside(
    opened: Open, root: Path, outside: Path, path: str, allowed: object
) -> None:
    (root / "link.db").symlink_to(outside)

    await use(opened(path, {"OUTSIDE": "true"}, allow_outside=allowed))

    assert is_there(outside)


async def test_an_absolute_path_leads_anywhere(opened: Open, root: Path, outside: Path) -> None:
    link = root / "link.db"
    link.symlink_to(outside)

    await use(opened(str(link)))

    assert is_there(outside)


def test_to_allow_it_is_a_change_of_the_target(opened: Open) -> None:
    strict, lax = (opened("orders.db", allow_outside=value).settings("orders") for value in (False, True))

    assert isinstance(strict.target, SQLiteTarget)
    assert strict.target.path == getattr(lax.target, "path", None)
    assert strict != lax

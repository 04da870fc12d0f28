"""Whatever is done to a directory, in whatever order: reading it again says what a fresh load says."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from connmgr.config.directory import ProfileDirectory
from connmgr.config.inherit import Heritage
from connmgr.config.library import Library
from connmgr.config.loader import LoadResult, load_profiles
from tests.rig.results import said

STEPS = 150
FILES = (
    *("a.yaml", "b.yaml", "c.yaml", "c.yml", "_x.yaml", "_y.yaml", "_z.yml", "_registry.yaml", "1st.yaml"),
    *("s.profiles.yaml", "t.profiles.yml", "d.YAML", "notes.txt"),
)
URL = "url: sqlite://\n"
SINGLE = (
    URL,
    f"{URL}pool: {{size: 3}}\n",
    f"{URL}pool: {{size: 4}}\n",
    f"# A comment\n{URL}",
    f"extends: _x\n{URL}",
    f"extends: [_x, _y]\n{URL}pool: {{max_overflow: 1}}\n",
    "extends: _y\n",
    f"extends: [_z, c]\n{URL}password: null\n",
    "extends: d\npool: {size: 7}\n",
    "url: postgresql://app@db/orders\npassword: hunter2\n",
    f"{URL}pool: {{timeout: 5000}}\n",
    f"{URL}pool: {{min_idle: 30}}\n",
    f"{URL}pool: {{sise: 3}}\n",
    "url: [\n",
    "{}\n",
    "",
)
BASE = (
    *("pool: {size: 5}\n", "pool: {size: 6}\n", "pool: {timeout: 7000}\n", "pool: {size: many}\n", "{}\n"),
    *("extends: _y\npool: {size: 8}\n", "extends: _z\n", "extends: _x\n", URL, "[\n", "password: {env: P}\n"),
)
SHARED = (
    f"profiles:\n  d: {{{URL.strip()}}}\n  e: {{extends: _x, url: 'sqlite://'}}\n",
    "defaults: {pool: {size: 2}, url: 'sqlite://'}\nprofiles:\n  a: {}\n  d: {extends: [_x, _y]}\n",
    "defaults: {extends: _z}\nprofiles:\n  e: {url: 'sqlite://'}\n  _x: {pool: {size: 4}}\n",
    "defaults: {pool: {size: many}}\nprofiles:\n  _y: {url: 'sqlite://'}\n",
    "profiles:\n  d: {url: 'sqlite://', pool: {size: x}}\n  e: {url: 'sqlite://'}\n",
    "profiles: {}\nother: 1\n",
    "profiles:\n- [\n",
)
REGISTRY = (
    "groups: {readiness: [a, b]}\n",
    "groups: {readiness: [d, _x]}\nweb: {token: hunter2}\n",
    "web: {details: token}\n",
    "{}\n",
    "[\n",
)

Step = Callable[[Path, random.Random], None]


def texts(name: str) -> tuple[str, ...]:
    if ".profiles." in name:
        return SHARED
    return REGISTRY if name == "_registry.yaml" else BASE if name.startswith("_") else SINGLE


def clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def rewrite(directory: Path, chance: random.Random) -> None:
    name = chance.choice(FILES)
    path = directory / name
    if not path.is_file() or path.is_symlink():
        clear(path)
    path.write_text(chance.choice(texts(name)))


def replace(directory: Path, chance: random.Random) -> None:
    """As editors do, half of the time with the age of what was there."""
    name = chance.choice(FILES)
    path, new = directory / name, directory / ".new"
    new.write_text(chance.choice(texts(name)))
    if path.is_file() and chance.random() < 0.5:
        status = path.stat()
        os.utime(new, ns=(status.st_atime_ns, status.st_mtime_ns))
    clear(path)
    new.replace(path)


def delete(directory: Path, chance: random.Random) -> None:
    clear(directory / chance.choice(FILES))


def rename(directory: Path, chance: random.Random) -> None:
    source, target = (directory / name for name in chance.sample(FILES, 2))
    if source.exists():
        clear(target)
        source.rename(target)


def touch(directory: Path, chance: random.Random) -> None:
    path = directory / chance.choice(FILES)
    if path.exists():
        os.utime(path)


def link(directory: Path, chance: random.Random) -> None:
    path = directory / chance.choice(FILES)
    clear(path)
    path.symlink_to(chance.choice(FILES))


def no_file(directory: Path, chance: random.Random) -> None:
    path = directory / chance.choice(FILES)
    clear(path)
    if chance.random() < 0.5:
        path.mkdir()
    else:
        os.mkfifo(path)


STEP: tuple[Step, ...] = (rewrite, rewrite, rewrite, replace, replace, delete, rename, touch, link, no_file)


def contents(directory: Path) -> dict[str, bytes | None]:
    """What each file holds; None for what is no file."""
    return {str(path): path.read_bytes() if path.is_file() else None for path in directory.iterdir()}


def made_of(directory: Path, result: LoadResult) -> dict[str, set[str]]:
    """The files that have a part in each profile: its own, and those of all that it extends."""
    library = Library(str(directory))
    heritage = Heritage(library.find, library.names)
    found = {}
    for name in result.profiles:
        entry = library.find(name)
        family = entry and heritage.family(entry)
        assert family
        found[name] = {each.place.file for each in family.lineage}
    return found


@pytest.mark.parametrize("names", [None, ("a", "d", "_x", "nowhere")])
@pytest.mark.parametrize("seed", range(6))
def test_reading_again_says_what_a_fresh_load_says(
    tmp_path: Path, seed: int, names: tuple[str, ...] | None
) -> None:
    chance = random.Random(seed)
    path, away = tmp_path / "profiles", tmp_path / "away"
    path.mkdir()
    directory = ProfileDirectory(path, names)
    before, held, files, stayed = directory.read(), contents(path), {}, 0

    for step in range(STEPS):
        if chance.random() < 0.05:
            path.rename(away)
            assert said(directory.read()) == said(load_profiles(path, names))
            away.rename(path)
            before = directory.read()
        chance.choice(STEP)(path, chance)
        now = directory.read()
        assert said(now) == said(load_profiles(path, names)), f"seed {seed}, step {step}"

        holds, made = contents(path), made_of(path, now)
        changed = {name for name in holds.keys() | held.keys() if holds.get(name, b"") != held.get(name, b"")}
        same = {name for name in made if made[name] == files.get(name) and changed.isdisjoint(made[name])}
        assert [name for name in same if now.profiles[name] is not before.profiles[name]] == []
        assert now is before or changed or said(now) != said(before)
        before, held, files, stayed = now, holds, made, stayed + len(same)

    assert stayed

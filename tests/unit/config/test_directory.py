"""A directory is read again only where it changed: it says what a fresh load says, with the old objects."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from connmgr.config.directory import ProfileDirectory
from connmgr.config.loader import LoadResult, load_profiles
from connmgr.problem import Code
from tests.rig.results import said

URL = "url: sqlite://\n"
FILES = {
    "orders.yaml": f"extends: _server\n{URL}",
    "users.yaml": f"extends: [_server, _slow]\n{URL}",
    "stock.yaml": URL,
    "_server.yaml": "pool: {size: 3}\n",
    "_slow.yaml": "timeouts: {statement: 60s}\n",
    "tenants.profiles.yaml": (
        "defaults: {pool: {size: 2}}\nprofiles:\n  a: {url: 'sqlite://'}\n  b: {url: 'sqlite://'}\n"
    ),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A directory of profiles with bases, and of a file of several."""
    path = tmp_path / "profiles"
    path.mkdir()
    write(path, FILES)
    return path


def write(path: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        (path / name).write_text(text)


def read(directory: ProfileDirectory) -> LoadResult:
    """Read, and see that the result is what a fresh load gives."""
    result = directory.read()
    assert said(result) == said(load_profiles(directory.path, directory.names))
    return result


def kept(before: LoadResult, now: LoadResult) -> set[str]:
    """The names of the profiles that are the same objects."""
    return {name for name in now.profiles if now.profiles[name] is before.profiles.get(name)}


def test_nothing_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    directory = ProfileDirectory(tmp_path / "later")
    (tmp_path / "later").mkdir()
    write(tmp_path / "later", FILES)

    assert directory.path == str(tmp_path / "later")
    assert set(read(directory).profiles) == {"orders", "users", "stock", "a", "b"}


def test_while_nothing_changes_the_result_is_the_same_object(path: Path) -> None:
    directory = ProfileDirectory(path)

    result = read(directory)

    assert all(read(directory) is result for _ in range(3))


def test_of_many_profiles_the_one_that_changed_is_another_object(path: Path) -> None:
    write(path, {f"t{number}.yaml": URL for number in range(600)})
    directory = ProfileDirectory(path)
    before = read(directory)

    write(path, {"t7.yaml": f"{URL}pool: {{size: 9}}\n"})
    now = read(directory)

    assert kept(before, now) == set(before.profiles) - {"t7"}
    assert now.profiles["t7"].values["pool"] == {"size": 9}


def test_a_base_takes_along_those_who_extend_it_and_no_others(path: Path) -> None:
    directory = ProfileDirectory(path)
    before = read(directory)

    write(path, {"_slow.yaml": "timeouts: {statement: 90s}\n"})
    now = read(directory)

    assert kept(before, now) == set(before.profiles) - {"users"}
    assert now.profiles["users"].values["timeouts"] == {"statement": "90s"}


def test_a_line_more_in_a_base_moves_places_and_no_values(path: Path) -> None:
    directory = ProfileDirectory(path)
    before = read(directory)

    write(path, {"_server.yaml": "# A comment\npool: {size: 3}\n"})
    now = read(directory)

    assert now.profiles == before.profiles
    assert now.profiles["orders"].place("pool", "size").line == 2


def test_a_file_of_several_takes_along_its_own_profiles_and_no_others(path: Path) -> None:
    directory = ProfileDirectory(path)
    before = read(directory)

    write(path, {"tenants.profiles.yaml": "profiles:\n  a: {url: 'sqlite://'}\n"})
    now = read(directory)

    assert kept(before, now) == set(now.profiles) - {"a"} == {"orders", "users", "stock"}


def test_a_profile_may_move_into_a_file_of_several(path: Path) -> None:
    directory = ProfileDirectory(path)
    before = read(directory)

    (path / "stock.yaml").unlink()
    write(path, {"more.profiles.yaml": "profiles:\n  stock: {url: 'sqlite://'}\n"})
    now = read(directory)

    assert kept(before, now) == set(before.profiles) - {"stock"}
    assert now.profiles["stock"].file == str(path / "more.profiles.yaml")


def test_in_two_places_at_a_time_it_is_broken_and_then_again_what_it_was(path: Path) -> None:
    directory = ProfileDirectory(path)
    before = read(directory)

    write(path, {"stock.yml": URL})
    assert [problem.code for problem in read(directory).problems] == [Code.NAME_TWICE]
    (path / "stock.yml").unlink()

    assert said(read(directory)) == said(before)


def test_what_is_touched_or_written_anew_with_the_same_bytes_changes_nothing(path: Path) -> None:
    directory = ProfileDirectory(path)
    result = read(directory)

    os.utime(path / "orders.yaml")
    write(path, {"_server.yaml": FILES["_server.yaml"]})
    shutil.copy(path / "users.yaml", path / ".users")
    (path / ".users").replace(path / "users.yaml")

    assert read(directory) is result


def test_a_file_that_takes_the_place_of_one_of_the_same_size_and_time_is_seen(path: Path) -> None:
    directory = ProfileDirectory(path)
    before = read(directory)
    status = (path / "_server.yaml").stat()

    write(path, {".new": "pool: {size: 4}\n"})
    os.utime(path / ".new", ns=(status.st_atime_ns, status.st_mtime_ns))
    (path / ".new").replace(path / "_server.yaml")
    now = read(directory)

    assert (path / "_server.yaml").stat().st_size == status.st_size
    assert kept(before, now) == set(before.profiles) - {"orders", "users"}


def mount(path: Path, version: str, texts: Mapping[str, str]) -> None:
    """Write the files as Kubernetes does those of a ConfigMap, where one rename replaces all at once."""
    (path / version).mkdir()
    write(path / version, texts)
    (path / "..data_tmp").symlink_to(version)
    (path / "..data_tmp").replace(path / "..data")
    for name in texts:
        if not (path / name).is_symlink():
            (path / name).symlink_to(f"..data/{name}")


def test_a_config_map_that_is_swapped_for_the_same_changes_nothing(tmp_path: Path) -> None:
    mount(tmp_path, "..1", FILES)
    directory = ProfileDirectory(tmp_path)
    result = read(directory)

    mount(tmp_path, "..2", FILES)
    shutil.rmtree(tmp_path / "..1")

    assert read(directory) is result


def test_a_config_map_that_is_swapped_changes_what_differs(tmp_path: Path) -> None:
    mount(tmp_path, "..1", FILES)
    directory = ProfileDirectory(tmp_path)
    before = read(directory)

    mount(tmp_path, "..2", {**FILES, "stock.yaml": f"description: Stock\n{URL}"})
    now = read(directory)

    assert kept(before, now) == set(before.profiles) - {"stock"}
    assert now.profiles["stock"].description == "Stock"


def test_a_directory_that_vanishes_is_a_problem_and_comes_back_as_it_was(path: Path) -> None:
    directory = ProfileDirectory(path)
    before = read(directory)

    path.rename(path.with_name("away"))
    missing = read(directory)
    assert [problem.code for problem in missing.problems] == [Code.NO_PROFILES]
    assert read(directory) is missing
    path.with_name("away").rename(path)

    assert kept(before, read(directory)) == set(before.profiles)


def test_a_directory_that_is_written_anew_comes_back_as_it_was(path: Path) -> None:
    directory = ProfileDirectory(path)
    before = read(directory)

    shutil.rmtree(path)
    read(directory)
    path.mkdir()
    write(path, {**FILES, "stock.yaml": f"description: Stock\n{URL}"})

    assert kept(before, read(directory)) == set(before.profiles) - {"stock"}


def test_profiles_come_and_go(path: Path) -> None:
    directory = ProfileDirectory(path)
    before = read(directory)

    (path / "stock.yaml").rename(path / "goods.yaml")
    now = read(directory)

    assert list(now.profiles) == ["a", "b", "goods", "orders", "users"]
    assert kept(before, now) == set(now.profiles) - {"goods"}


def test_the_last_profile_may_go(tmp_path: Path) -> None:
    write(tmp_path, {"stock.yaml": URL})
    directory = ProfileDirectory(tmp_path)
    read(directory)

    (tmp_path / "stock.yaml").unlink()

    assert [problem.code for problem in read(directory).problems] == [Code.NO_PROFILES]


def test_a_mistake_comes_and_goes_and_the_others_stay(path: Path) -> None:
    directory = ProfileDirectory(path)
    before = read(directory)

    write(path, {"_slow.yaml": "timeouts: {statement: soon}\n"})
    wrong = read(directory)
    write(path, {"_slow.yaml": FILES["_slow.yaml"]})
    now = read(directory)

    assert (wrong.broken, kept(before, wrong)) == ({"_slow", "users"}, set(before.profiles) - {"users"})
    assert said(now) == said(before)
    assert kept(before, now) == set(before.profiles) - {"users"}


def test_a_warning_that_stays_is_told_each_time(path: Path) -> None:
    write(path, {"_server.yaml": "pool: {timeout: 5000}\n"})
    directory = ProfileDirectory(path)
    before = read(directory)

    write(path, {"stock.yaml": f"description: Stock\n{URL}"})

    assert [problem.code for problem in read(directory).warnings] == [Code.MILLISECONDS]
    assert before.warnings == read(directory).warnings


def test_a_group_is_checked_against_the_names_there_are_now(path: Path) -> None:
    write(path, {"_registry.yaml": "groups: {readiness: [stock]}\n"})
    directory = ProfileDirectory(path)
    before = read(directory)

    (path / "stock.yaml").rename(path / "goods.yaml")
    assert [problem.path for problem in read(directory).problems] == ["groups.readiness.0"]
    (path / "goods.yaml").rename(path / "stock.yaml")

    assert said(read(directory)) == said(before)


def test_the_registry_s_file_changes_alone(path: Path) -> None:
    write(path, {"_registry.yaml": "groups: {readiness: [stock]}\n"})
    directory = ProfileDirectory(path)
    before = read(directory)
    assert read(directory) is before

    write(path, {"_registry.yaml": "groups: {readiness: [users]}\n"})
    now = read(directory)

    assert now is not before
    assert kept(before, now) == set(before.profiles)
    assert now.registry is not None
    assert now.registry.settings.groups == {"readiness": ("users",)}


def test_with_names_a_change_of_any_other_profile_changes_nothing(path: Path) -> None:
    directory = ProfileDirectory(path, iter(["orders", "a", "orders", "nowhere"]))
    result = read(directory)
    assert list(result.profiles) == ["orders", "a"]

    write(path, {"stock.yaml": "[broken\n", "users.yaml": URL, "_slow.yaml": "{}\n", "new.yaml": URL})
    assert read(directory) is result
    write(path, {"nowhere.yaml": f"extends: _slow\n{URL}"})

    assert list(read(directory).profiles) == ["orders", "a", "nowhere"]


def test_names_that_are_one_text_are_refused(path: Path) -> None:
    with pytest.raises(TypeError, match=r"write \['orders'\] for one profile"):
        ProfileDirectory(path, "orders")

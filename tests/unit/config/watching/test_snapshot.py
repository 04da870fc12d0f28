"""What a look sees of a directory, and what it takes for a difference."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from connmgr.config.watching.snapshot import differing, is_same_content, matters, place_of, stamps, take


@pytest.mark.parametrize(
    "name", ["orders.yaml", "orders.yml", "_server.yaml", "a.profiles.yaml", "not a name.yaml"]
)
def test_names_of_profile_files_matter(name: str) -> None:
    assert matters(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".orders.yaml",
        ".orders.yaml.swp",
        ".#orders.yaml",
        "4913",
        "orders.yaml~",
        "#orders.yaml#",
        "..data",
        "a.YAML",
    ],
)
def test_other_names_do_not(name: str) -> None:
    assert not matters(name)


def test_a_snapshot_has_the_profile_files_and_knows_the_links(tmp_path: Path) -> None:
    (tmp_path / "orders.yaml").touch()
    (tmp_path / "orders.yaml~").touch()
    (tmp_path / "linked.yaml").symlink_to("orders.yaml")
    (tmp_path / "broken.yaml").symlink_to("nowhere")

    seen = take(str(tmp_path))

    assert seen.is_there
    assert seen.place == (tmp_path.stat().st_dev, tmp_path.stat().st_ino)
    assert set(seen.files) == {"orders.yaml", "linked.yaml", "broken.yaml"}
    assert seen.links == {"linked.yaml", "broken.yaml"}
    assert seen.files["linked.yaml"] == seen.files["orders.yaml"] is not None
    assert seen.files["broken.yaml"] is None


def test_stamps_of_some_files_are_those_of_a_look_at_all(tmp_path: Path) -> None:
    (tmp_path / "orders.yaml").touch()

    assert stamps(str(tmp_path), ["orders.yaml", "none.yaml"]) == {
        **take(str(tmp_path)).files,
        "none.yaml": None,
    }


@pytest.mark.parametrize("path", ["nowhere", "nowhere/else", "a\0name"])
def test_where_no_directory_is_nothing_is_seen(tmp_path: Path, path: str) -> None:
    seen = take(str(tmp_path / path))

    assert not seen.is_there
    assert (seen.files, seen.links) == ({}, frozenset())
    assert place_of(str(tmp_path / path)) == (seen.place, 0)


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert not take(str(tmp_path / "file")).is_there


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list everything")
def test_a_directory_that_may_not_be_listed_is_not_there(tmp_path: Path) -> None:
    tmp_path.chmod(0)

    assert not take(str(tmp_path)).is_there

    tmp_path.chmod(0o700)


def test_what_came_what_went_and_what_changed_differ() -> None:
    before = {"same": (1,), "changed": (1,), "gone": (1,), "broken": None}

    assert differing(before, {"same": (1,), "changed": (2,), "new": (1,), "broken": None}) == {
        "changed",
        "gone",
        "new",
    }
    assert differing(before, dict(before)) == set()


def test_rights_alone_differ_and_leave_the_content_the_same(tmp_path: Path) -> None:
    path = tmp_path / "orders.yaml"
    path.write_text("a", encoding="utf-8")
    before, status = take(str(tmp_path)), path.stat()

    path.chmod(0o600)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    after = take(str(tmp_path))

    assert differing(before.files, after.files) == {"orders.yaml"}
    assert is_same_content(before.files["orders.yaml"], after.files["orders.yaml"])


def test_a_file_that_comes_or_goes_has_not_the_same_content(tmp_path: Path) -> None:
    (tmp_path / "orders.yaml").touch()
    stamp = take(str(tmp_path)).files["orders.yaml"]

    assert not is_same_content(stamp, None)
    assert not is_same_content(None, stamp)
    assert is_same_content(None, None)

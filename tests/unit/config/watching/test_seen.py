"""Looks and glances find each change once, and know which of them an event tells as well."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from connmgr.config.watching.seen import Found, Seen
from connmgr.config.watching.snapshot import take


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "profiles" / "orders.yaml"
    path.parent.mkdir()
    path.write_text("a", encoding="utf-8")
    return path


@pytest.fixture
def seen(path: Path) -> Seen:
    return Seen(str(path.parent), take(str(path.parent)))


def test_nothing_changed(seen: Seen) -> None:
    assert not seen.look()
    assert not seen.glance()
    assert not seen.is_stale


def test_a_look_finds_a_write_once(seen: Seen, path: Path) -> None:
    path.write_text("bb", encoding="utf-8")

    assert seen.look() == Found(names=frozenset({"orders.yaml"}), audible=frozenset({"orders.yaml"}))
    assert not seen.look()


def test_a_look_does_not_find_what_was_heard(seen: Seen, path: Path) -> None:
    path.write_text("bb", encoding="utf-8")

    seen.hear({"orders.yaml"})

    assert not seen.look()


def test_a_glance_finds_no_write_but_watches_a_file_that_moves(seen: Seen, path: Path) -> None:
    path.write_text("bb", encoding="utf-8")
    assert not seen.glance()
    assert seen.look()
    assert seen.is_moving

    path.write_text("ccc", encoding="utf-8")

    assert seen.glance() == Found(names=frozenset({"orders.yaml"}))
    assert not seen.glance()


def test_a_glance_finds_what_a_link_leads_to(tmp_path: Path, seen: Seen, path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("a", encoding="utf-8")
    (path.parent / "linked.yaml").symlink_to(outside)
    assert seen.look() == Found(names=frozenset({"linked.yaml"}))

    outside.write_text("bb", encoding="utf-8")

    assert seen.glance() == Found(names=frozenset({"linked.yaml"}))


def test_a_glance_knows_that_there_is_more_to_see(seen: Seen, path: Path) -> None:
    (path.parent / "new.yaml").touch()

    assert not seen.glance()
    assert seen.is_stale
    assert seen.look().names == {"new.yaml"}
    assert not seen.is_stale


def test_a_name_that_is_new_may_be_a_links(seen: Seen, path: Path) -> None:
    (path.parent / "new.yaml").symlink_to("orders.yaml")

    seen.hear({"new.yaml"})

    assert seen.is_stale


def test_no_event_tells_of_rights_alone_in_all_cases(seen: Seen, path: Path, tmp_path: Path) -> None:
    os.link(path, tmp_path / "other")

    assert seen.look() == Found(names=frozenset({"orders.yaml"}))


def test_another_directory_with_the_same_files_is_a_change(seen: Seen, path: Path, tmp_path: Path) -> None:
    path.parent.rename(tmp_path / "old")
    path.parent.mkdir()
    os.link(tmp_path / "old" / path.name, path)

    found = seen.glance()

    assert found.is_elsewhere
    assert found.audible == frozenset()
    assert not seen.glance()


def test_a_directory_that_goes_and_comes_is_found_both_times(seen: Seen, path: Path, tmp_path: Path) -> None:
    path.parent.rename(tmp_path / "old")
    assert seen.glance() == Found(is_elsewhere=True, names=frozenset({"orders.yaml"}))
    assert not seen.is_there
    assert not seen.glance()

    (tmp_path / "old").rename(path.parent)

    assert seen.glance() == Found(is_elsewhere=True, names=frozenset({"orders.yaml"}))
    assert seen.is_there


def test_what_was_told_meanwhile_is_taken_out() -> None:
    found = Found(names=frozenset({"a", "b"}), audible=frozenset({"a"}))

    assert found.without({"a"}) == Found(names=frozenset({"b"}))
    assert not found.without({"a", "b"})

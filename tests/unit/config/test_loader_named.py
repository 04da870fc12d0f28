"""Loading profiles by name reads what they need and nothing else, and no other file can make it fail."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

from connmgr.config.collector import paused_collector
from connmgr.config.loader import load_profiles
from connmgr.problem import Code

URL = "url: sqlite://\n"
BROKEN = "a: [\n"


@pytest.fixture(autouse=True)
def in_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_only_the_profile_and_its_bases_are_read() -> None:
    texts = {
        "orders.yaml": f"extends: _server\n{URL}",
        "_server.yaml": "pool: {size: 3}\n",
        "bad.yaml": BROKEN,
    }
    texts |= {"b a d.yaml": BROKEN, "caps.YAML": BROKEN, "twice.yaml": BROKEN, "twice.yml": BROKEN}
    for name, text in texts.items():
        Path(name).write_text(text)

    result = load_profiles(".", ["orders", "orders"])

    assert (result.problems, result.warnings, result.broken) == ((), (), frozenset())
    assert list(result.profiles) == ["orders"]


def test_what_is_not_asked_for_is_not_even_opened() -> None:
    # What opens them says so in a problem.
    os.mkfifo("fifo.yaml")
    os.mkfifo("_fifo.yaml")
    Path("folder.yaml").mkdir()
    Path("link.yaml").symlink_to("nowhere")
    Path("orders.yaml").write_text(URL)

    result = load_profiles(".", ["orders"])

    assert (list(result.profiles), result.problems) == (["orders"], ())


def test_problems_of_the_files_that_it_needs_are_told() -> None:
    Path("orders.yaml").write_text(f"extends: _server\n{URL}")
    Path("_server.yaml").write_text("pool: {size: x}\n")

    result = load_profiles(".", ["orders"])

    assert [problem.place.file for problem in result.problems] == ["_server.yaml"]
    assert result.broken == {"orders"}


def test_another_entry_of_a_shared_file_cannot_make_it_fail() -> None:
    Path("tenants.profiles.yaml").write_text(
        "profiles:\n  orders: {url: 'sqlite://'}\n  users: {url: 'sqlite://', pool: {size: x}}\n"
    )

    result = load_profiles(".", ["orders"])

    assert result.problems == ()
    assert list(result.profiles) == ["orders"]


def test_a_name_that_may_stand_in_a_shared_file_that_cannot_be_read_is_broken_and_not_unknown() -> None:
    Path("tenants.profiles.yaml").write_text(BROKEN)

    result = load_profiles(".", ["orders"])

    assert [problem.code for problem in result.problems] == [Code.SYNTAX]
    assert result.broken == {"orders"}


@pytest.mark.parametrize("name", ["nowhere", "../orders", "orders.yaml", "_server", ".hidden", ""])
def test_what_names_no_profile_of_the_directory_is_left_out(name: str) -> None:
    Path("inside").mkdir()
    for file in ("orders.yaml", "inside/_server.yaml", "inside/.hidden.yaml", "inside/.yaml"):
        Path(file).write_text(URL)

    result = load_profiles("inside", [name])

    assert (dict(result.profiles), result.problems, result.broken) == ({}, (), frozenset())


def test_no_name_at_all_is_no_profile_at_all() -> None:
    Path("orders.yaml").write_text(BROKEN)

    assert load_profiles(".", []).problems == ()


def test_a_warning_refuses_nothing() -> None:
    Path("orders.yaml").write_text(f"{URL}pool: {{timeout: 5000}}\n")

    result = load_profiles(".", ["orders"])

    assert [problem.code for problem in result.warnings] == [Code.MILLISECONDS]
    assert result.problems == ()
    assert list(result.profiles) == ["orders"]


def test_the_collector_pauses_for_a_block_and_is_on_again_when_the_block_fails() -> None:
    seen = []

    def failing() -> None:
        with paused_collector():
            seen.append(gc.isenabled())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()

    assert (seen, gc.isenabled()) == ([False], True)


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with paused_collector():
            pass

        assert not gc.isenabled()
    finally:
        gc.enable()


def test_what_the_application_froze_stays_frozen() -> None:
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        with paused_collector():
            pass
        assert gc.get_freeze_count() == frozen > 0
    finally:
        gc.unfreeze()
    with paused_collector():
        pass

    assert gc.get_freeze_count() == 0

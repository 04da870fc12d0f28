"""`*.profiles.yaml`: many profiles in one file, with defaults; each is a profile like any other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connmgr.config.loader import LoadResult, load_profiles, profile_names
from connmgr.problem import Code, Place

URL = "url: sqlite://\n"
TENANTS = """\
defaults:
  pool: {size: 3}
profiles:
  orders:
    url: sqlite://
  users:
    extends: _slow
    url: sqlite://
    pool: {max_overflow: 9}
  _slow:
    timeouts: {connect: 20s}
    pool: {size: 4, max_overflow: 4}
"""

Load = Callable[[dict[str, str]], LoadResult]


@pytest.fixture
def load_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Load a directory of files with these names and texts."""
    monkeypatch.chdir(tmp_path)

    def load(texts: dict[str, str]) -> LoadResult:
        for name, text in texts.items():
            Path(name).write_text(text)
        return load_profiles(".")

    return load


def test_entries_are_profiles_over_their_bases_over_the_defaults(load_files: Load) -> None:
    result = load_files({"tenants.profiles.yaml": TENANTS})

    assert result.problems == ()
    assert list(result.profiles) == ["orders", "users"]
    assert result.profiles["orders"].values["pool"] == {"size": 3}
    assert result.profiles["users"].values["pool"] == {"size": 4, "max_overflow": 9}
    assert result.profiles["users"].values["timeouts"] == {"connect": "20s"}


def test_values_have_the_places_where_they_were_written(load_files: Load) -> None:
    result = load_files({"tenants.profiles.yaml": TENANTS, "stock.yaml": f"extends: orders\n{URL}"})

    orders, users, stock = (result.profiles[name] for name in ("orders", "users", "stock"))

    file = "tenants.profiles.yaml"
    assert users.file == file
    assert users.place("pool", "max_overflow") == Place(file, 9, 26)
    assert users.place("timeouts", "connect") == Place(file, 11, 25)
    assert orders.place("pool", "size") == stock.place("pool", "size") == Place(file, 2, 16)
    assert stock.place("url") == Place("stock.yaml", 2, 6)
    assert (orders.place("health").line, stock.place("health").file) == (5, "stock.yaml")


def test_a_base_among_the_entries_is_one_for_every_file_and_brings_no_defaults(load_files: Load) -> None:
    result = load_files(
        {"tenants.profiles.yaml": TENANTS, "stock.yaml": f"extends: _slow\n{URL}pool: {{size: null}}\n"}
    )

    assert result.profiles["stock"].values["pool"] == {"max_overflow": 4}


def test_defaults_may_extend_a_base_of_their_own_file(load_files: Load) -> None:
    text = (
        "defaults: {extends: _server}\nprofiles:\n  orders: {description: x}\n  _server: {url: 'sqlite://'}\n"
    )

    result = load_files({"tenants.profiles.yml": text})

    assert result.problems == ()
    assert set(result.profiles["orders"].values) == {"description", "url"}


def test_defaults_that_extend_one_of_their_own_profiles_are_a_ring(load_files: Load) -> None:
    text = "defaults: {extends: orders}\nprofiles:\n  orders: {url: 'sqlite://'}\n"

    result = load_files({"tenants.profiles.yaml": text})

    assert [problem.code for problem in result.problems] == [Code.BASE_CYCLE]
    assert result.problems[0].path == "defaults.extends"
    assert "the defaults of tenants.profiles.yaml" in result.problems[0].found


def test_entries_share_what_their_defaults_say(load_files: Load) -> None:
    text = (
        "defaults: {url: 'sqlite://', pool: {size: 3}}\nprofiles:\n  orders: {}\n  users: {description: x}\n"
    )

    profiles = load_files({"tenants.profiles.yaml": text}).profiles

    assert profiles["orders"].values["pool"] is profiles["users"].values["pool"]
    assert profiles["orders"].values["url"] is profiles["users"].values["url"]


@pytest.mark.parametrize(
    ("entry", "path", "line"),
    [
        ("url: sqlite://\n    pool: {size: x}", "profiles.orders.pool.size", 6),
        ("url: mysql://x/y", "profiles.orders.url", 5),
        ("pool: {size: 3}", "profiles.orders.url", 4),
        ("extends: _nowhere", "profiles.orders.extends", 5),
        ("url: sqlite://\n    health: null", "profiles.orders.health", 6),
    ],
)
def test_a_problem_has_the_path_and_line_that_it_has_in_the_file(
    load_files: Load, entry: str, path: str, line: int
) -> None:
    text = (
        f"defaults: {{pool: {{size: 3}}}}\nprofiles:\n  users: {{url: 'sqlite://'}}\n  orders:\n    {entry}\n"
    )

    result = load_files({"tenants.profiles.yaml": text})

    assert [(problem.path, problem.place.line) for problem in result.problems] == [(path, line)]
    assert list(result.profiles) == ["users"]
    assert result.broken == {"orders"}


@pytest.mark.parametrize("stem", ["_tenants", "1st", "a b", "a.b"])
def test_a_shared_file_needs_a_fit_name_too(load_files: Load, stem: str) -> None:
    result = load_files({f"{stem}.profiles.yaml": TENANTS})

    assert [problem.code for problem in result.problems] == [Code.FILE_NAME]


def test_a_name_that_stands_twice_is_told_with_both_places_and_loads_from_neither(load_files: Load) -> None:
    result = load_files(
        {
            "orders.yaml": URL,
            "one.profiles.yaml": "profiles:\n  orders: {url: 'sqlite://'}\n  users: {url: 'sqlite://'}\n",
            "two.profiles.yaml": "profiles:\n\n  users: {url: 'sqlite://'}\n",
            "stock.yaml": "extends: orders\n",
        }
    )

    assert [problem.code for problem in result.problems] == [Code.NAME_TWICE] * 2
    first, second = (problem.found for problem in result.problems)
    assert first == "two entries for one profile, orders: orders.yaml:1 and one.profiles.yaml:2"
    assert second == "two entries for one profile, users: one.profiles.yaml:3 and two.profiles.yaml:3"
    assert not result.profiles
    assert result.broken == {"orders", "users", "stock"}


def test_the_names_of_profiles_are_known_without_reading_their_files(load_files: Load) -> None:
    load_files({"tenants.profiles.yaml": TENANTS, "stock.yaml": "a: [", "_base.yaml": "", "1st.yaml": ""})

    assert profile_names(".") == {"orders", "users", "stock"}

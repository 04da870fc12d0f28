"""`extends`: what comes from where, in which order, and what is shared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connmgr.config.loader import LoadResult, load_profiles
from connmgr.problem import Place
from connmgr.profile import Profile

URL = "url: sqlite://\n"

Load = Callable[..., LoadResult]


@pytest.fixture
def load_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Load a directory of these files: their names without the ending, and their texts."""
    monkeypatch.chdir(tmp_path)

    def load(**texts: str) -> LoadResult:
        for name, text in texts.items():
            Path(f"{name}.yaml").write_text(text)
        return load_profiles(".")

    return load


def orders(result: LoadResult) -> Profile:
    assert result.problems == ()
    return result.profiles["orders"]


def test_a_base_fills_in_what_the_profile_leaves_out(load_files: Load) -> None:
    result = load_files(
        _server="description: A server\npool: {size: 3, timeout: 1s}\n",
        orders=f"extends: _server\n{URL}pool: {{size: 9}}\n",
    )

    values = orders(result).values

    assert values["description"] == "A server"
    assert values["pool"] == {"size": 9, "timeout": "1s"}
    assert "extends" not in values


def test_of_several_bases_the_last_wins_and_the_file_over_all(load_files: Load) -> None:
    result = load_files(
        _one="pool: {size: 1, max_overflow: 1, timeout: 1s}\n",
        _two="pool: {size: 2, max_overflow: 2}\n",
        orders=f"extends: [_one, _two]\n{URL}pool: {{size: 3}}\n",
    )

    assert orders(result).values["pool"] == {"size": 3, "max_overflow": 2, "timeout": "1s"}


def test_a_base_is_no_profile_and_a_profile_can_be_a_base(load_files: Load) -> None:
    result = load_files(
        _server="pool: {size: 3}\n", users=f"extends: _server\n{URL}", orders="extends: users\n"
    )

    assert list(result.profiles) == ["orders", "users"]
    assert orders(result).values["pool"] == {"size": 3}


def test_bases_that_share_a_base_are_taken_whole_one_after_the_other(load_files: Load) -> None:
    result = load_files(
        _root="pool: {size: 5, timeout: 1s}\n",
        _left="extends: _root\npool: {size: 10}\n",
        _right="extends: _root\npool: {max_overflow: 7}\n",
        orders=f"extends: [_left, _right]\n{URL}",
    )

    assert orders(result).values["pool"] == {"size": 5, "timeout": "1s", "max_overflow": 7}
    assert orders(result).place("pool", "size") == Place("_root.yaml", 1, 14)


def test_null_clears_what_a_base_sets(load_files: Load) -> None:
    result = load_files(
        _server="description: x\npool: {size: 3, timeout: 1s}\nhealth: {timeout: 2s}\n",
        orders=f"extends: _server\n{URL}description: null\npool: {{size: null}}\nhealth: null\n",
    )

    assert dict(orders(result).values) == {"url": orders(result).values["url"], "pool": {"timeout": "1s"}}


def test_what_a_base_cleared_does_not_come_back_from_below(load_files: Load) -> None:
    result = load_files(
        _low="pool: {size: 3}\n",
        _cleared="pool: null\n",
        _high="extends: _cleared\npool: {timeout: 3s}\n",
        orders=f"extends: [_low, _high]\n{URL}",
    )

    assert orders(result).values["pool"] == {"timeout": "3s"}


def test_where_a_secret_comes_from_is_one_value(load_files: Load) -> None:
    result = load_files(
        _server="password: {env: SERVER_PASSWORD}\n",
        orders="extends: _server\nurl: postgresql://app@localhost/orders\npassword: {file: /run/orders}\n",
    )

    assert orders(result).values["password"] == {"file": "/run/orders"}


def test_a_profile_may_go_from_its_bases_url_to_a_connection(load_files: Load) -> None:
    result = load_files(
        _server=URL,
        orders="extends: _server\nurl: null\nconnection: {host: localhost, user: app, dbname: orders}\n",
    )

    assert set(orders(result).values) == {"connection"}


def test_a_value_has_the_place_where_it_was_written(load_files: Load) -> None:
    profile = orders(
        load_files(_server="pool:\n  size: 3\n", orders=f"extends: _server\n{URL}pool: {{timeout: 1s}}\n")
    )

    assert profile.file == "orders.yaml"
    assert profile.place("pool", "size") == Place("_server.yaml", 2, 9)
    assert profile.place("pool", "timeout") == Place("orders.yaml", 3, 17)
    assert profile.place("pool", "max_overflow") == Place("orders.yaml", 3, 7)
    assert profile.place("health", "timeout") == Place("orders.yaml")


def test_profiles_share_what_they_have_from_one_base(load_files: Load) -> None:
    result = load_files(
        _server=f"{URL}pool: {{size: 3}}\n", orders="extends: _server\n", users="extends: _server\n"
    )

    one, other = orders(result).values, result.profiles["users"].values

    assert one["pool"] is other["pool"]
    assert one["url"] is other["url"]


def test_ten_levels_are_allowed(load_files: Load) -> None:
    texts = {f"_level{number}": f"extends: _level{number + 1}\n" for number in range(1, 10)}

    result = load_files(**texts, _level10="pool: {size: 3}\n", orders=f"extends: _level1\n{URL}")

    assert orders(result).values["pool"] == {"size": 3}

"""Settings that are each well-formed and contradict each other are a problem where the first stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from connmgr.config.contradictions import contradictions
from connmgr.config.loader import LoadResult, load_profiles
from connmgr.problem import Code, Place, Problem

Load = Callable[[str], LoadResult]


def found(values: Mapping[str, Any]) -> list[Problem]:
    return [*contradictions(values, lambda path: Place("f.yaml", len(path[-1])))]


@pytest.mark.parametrize(
    ("idle", "lifetime"),
    [("61m", "1h"), (1801, "30m"), ("3601s", 3600), ("1001ms", 1), (2000, None)],
)
def test_an_idle_timeout_over_the_lifetime_is_one_whatever_the_units(idle: object, lifetime: object) -> None:
    pool = {"idle_timeout": idle} if lifetime is None else {"idle_timeout": idle, "max_lifetime": lifetime}

    (problem,) = found({"pool": pool})

    assert problem.code is Code.CONTRADICTION
    assert problem.path == "pool.idle_timeout"
    assert problem.place.line == len("idle_timeout")
    assert problem.accepted == "at most pool.max_lifetime"


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"pool": None},
        {"pool": {"idle_timeout": "30m", "max_lifetime": 1800}},
        {"pool": {"idle_timeout": "10m"}},
        {"pool": {"max_lifetime": "1s"}},
        {"pool": {"idle_timeout": "${IDLE:-2h}", "max_lifetime": "1h"}},
        {"pool": {"idle_timeout": "2h", "max_lifetime": "${LIFE}"}},
        {"pool": {"mode": "none", "size": 3, "max_overflow": 4}},
        {"connection": {"ssl_min_protocol_version": "TLSv1.3"}},
        {"connection": {"ssl_min_protocol_version": "TLSv1.2", "ssl_max_protocol_version": "TLSv1.2"}},
        {"connection": {"ssl_min_protocol_version": "${MIN}", "ssl_max_protocol_version": "TLSv1.2"}},
    ],
)
def test_what_fits_is_none_and_neither_is_a_reference(values: Mapping[str, Any]) -> None:
    assert found(values) == []


def test_protocol_versions_are_compared_by_their_order() -> None:
    (problem,) = found(
        {"connection": {"ssl_min_protocol_version": "TLSv1.3", "ssl_max_protocol_version": "TLSv1.2"}}
    )

    assert problem.path == "connection.ssl_min_protocol_version"
    assert "no protocol lies between them" in problem.found


def test_the_other_setting_is_shown_with_its_line_or_as_the_default(load: Load) -> None:
    (written,) = load("url: sqlite://\npool:\n  max_lifetime: 5m\n  idle_timeout: 10m\n").problems
    (default,) = load("url: sqlite://\npool: {idle_timeout: 1h}\n").problems

    assert 'found the text "10m", over pool.max_lifetime (the text "5m" in line 3)' in written.found
    assert written.place.line == 4
    assert "(the number 1800 by default)" in default.found


def test_a_profile_is_compared_with_what_its_base_says(tmp_path: Path) -> None:
    (tmp_path / "_base.yaml").write_text("url: sqlite://\npool: {max_lifetime: 5m}\n")
    (tmp_path / "a.yaml").write_text("extends: _base\npool: {idle_timeout: 10m}\n")
    (tmp_path / "b.yaml").write_text("extends: _base\npool: {idle_timeout: 10m, max_lifetime: 10m}\n")

    result = load_profiles(tmp_path)

    assert [Path(problem.place.file).name for problem in result.problems] == ["a.yaml"]
    assert f"in {tmp_path / '_base.yaml'}:2" in result.problems[0].found
    assert [*result.profiles] == ["b"]

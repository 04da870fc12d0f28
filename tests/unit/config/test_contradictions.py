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
    ("pool", "path", "accepted"),
    [
        ({"min_idle": 11, "size": 10}, "pool.min_idle", "at most pool.size"),
        ({"min_idle": 6}, "pool.min_idle", "at most pool.size"),
        ({"keepalive": "5m", "max_lifetime": "5m"}, "pool.keepalive", "less than pool.max_lifetime"),
        ({"keepalive": "1h"}, "pool.keepalive", "less than pool.max_lifetime"),
        ({"liveness_timeout": "2s", "timeout": 2}, "pool.liveness_timeout", "less than pool.timeout"),
        ({"liveness_timeout": 500}, "pool.liveness_timeout", "less than pool.timeout"),
    ],
)
def test_settings_of_the_pool_keep_within_each_other(
    pool: Mapping[str, Any], path: str, accepted: str
) -> None:
    (problem,) = found({"pool": pool})

    assert (problem.path, problem.accepted) == (path, accepted)


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
        {"pool": {"size": 4, "min_idle": 4}},
        {"pool": {"size": 1, "max_overflow": 0}},
        {"pool": {"timeout": "100ms"}},
        {"pool": {"timeout": "501ms", "liveness_timeout": "500ms"}},
        {"pool": {"max_lifetime": "10m", "keepalive": "599s"}},
        {"pool": {"idle_timeout": "1m", "keepalive": "2m", "min_idle": 1}},
        {"pool": {"leak_detection_threshold": "2h"}},
        {"timeouts": {"statement": "5s", "lock": "10s", "command": "1s"}},
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


def test_both_values_are_shown_where_fewer_connections_are_kept_than_should_be_idle(load: Load) -> None:
    (problem,) = load("url: sqlite://\npool:\n  size: 4\n  min_idle: 8\n").problems

    assert str(problem).endswith(
        "orders.yaml:4:13: CM304 pool.min_idle: found the number 8, over pool.size (the number 4 in line 3): "
        "no more than size are kept; accepted: at most pool.size"
    )


def test_a_profile_is_compared_with_what_its_base_says(tmp_path: Path) -> None:
    (tmp_path / "_base.yaml").write_text("url: sqlite://\npool: {max_lifetime: 5m}\n")
    (tmp_path / "a.yaml").write_text("extends: _base\npool: {idle_timeout: 10m}\n")
    (tmp_path / "b.yaml").write_text("extends: _base\npool: {idle_timeout: 10m, max_lifetime: 10m}\n")

    result = load_profiles(tmp_path)

    assert [Path(problem.place.file).name for problem in result.problems] == ["a.yaml"]
    assert f"in {tmp_path / '_base.yaml'}:2" in result.problems[0].found
    assert [*result.profiles] == ["b"]

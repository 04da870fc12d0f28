"""A file with thousands of mistakes costs time in proportion to its length, and its messages stay short."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from connmgr.config.document import Document
from connmgr.config.entry import make
from connmgr.config.excerpt import LONGEST, with_source
from connmgr.config.loader import load_profiles
from connmgr.problem import Code, Place, Problem

MANY = 12_000
SECONDS = 2.5
"""Of processor time. What grew with the square took twice as long, or much longer."""


def cost(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


@pytest.mark.alone
def test_thousands_of_broken_profiles_in_one_file_are_told_apart_in_no_time(tmp_path: Path) -> None:
    entries = (f"  a{number}: {{url: 'sqlite://', url: b}}\n" for number in range(MANY // 2))
    (tmp_path / "many.profiles.yaml").write_text("profiles:\n" + "".join(entries))

    seconds = cost(lambda: load_profiles(tmp_path))

    assert seconds < SECONDS


def test_thousands_of_mistakes_in_one_mapping_are_left_out_in_no_time() -> None:
    values = {f"k{number}": 1 for number in range(MANY)}
    problems = tuple(Problem(Place("f"), key, "unknown", code=Code.UNKNOWN_KEY) for key in values)

    seconds = cost(lambda: make("orders", Place("f"), Document({"url": "sqlite://", **values}), problems))

    assert seconds < 1


@pytest.mark.parametrize("gap", [" " * (LONGEST - 20), " " * 100_000, "x, " * 30_000])
def test_a_long_line_is_shown_or_not_in_no_time(gap: str) -> None:
    problem = Problem(Place("f", 1, 14), "pool.size", "found the text", code=Code.VALUE)

    seconds = cost(lambda: with_source(problem, f"pool: {{size: {gap}x y}}"))

    assert seconds < 0.1


def test_a_line_too_long_to_read_is_not_shown() -> None:
    problem = Problem(Place("f", 1, 7), "pool.size", "found the text", code=Code.VALUE)

    assert with_source(problem, f"size: {'a' * LONGEST}") == str(problem)


def test_a_long_ring_is_named_by_its_ends(tmp_path: Path) -> None:
    entries = (f"  a{number}: {{extends: [a{number + 1}, a0]}}\n" for number in range(1000))
    (tmp_path / "ring.profiles.yaml").write_text("profiles:\n" + "".join(entries))

    rings = [problem for problem in load_profiles(tmp_path).problems if problem.code is Code.BASE_CYCLE]

    assert max(len(problem.found) for problem in rings) < 300
    assert "a0 extends a1 extends " in rings[-1].found
    assert rings[-1].found.endswith(" extends a999 extends a0")


def test_defaults_that_no_profile_uses_are_checked(tmp_path: Path) -> None:
    (tmp_path / "orders.yaml").write_text("url: sqlite://\n")
    text = "defaults: {pool: {size: many}}\nprofiles: {_base: {url: 'sqlite://'}}\n"
    (tmp_path / "team.profiles.yaml").write_text(text)

    everything = load_profiles(tmp_path)
    one = load_profiles(tmp_path, ["orders"])

    assert [problem.path for problem in everything.problems] == ["defaults.pool.size"]
    assert one.problems == ()

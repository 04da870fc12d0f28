"""A problem reads as one line that an editor can jump to; problems sort as the files read."""

from __future__ import annotations

import dataclasses

import pytest

from connmgr import Place, Problem
from connmgr.problem import Code

PLACE = Place("profiles/orders.yaml", 12, 5)


def test_a_place_reads_as_file_line_and_column() -> None:
    assert str(PLACE) == "profiles/orders.yaml:12:5"


def test_a_place_without_a_line_is_the_beginning_of_its_file() -> None:
    assert str(Place("profiles/orders.yaml")) == "profiles/orders.yaml:1:1"


def test_a_problem_says_where_what_and_what_to_do() -> None:
    problem = Problem(
        PLACE, "pool.size", "the text 'ten'", "a whole number from 1", "did you mean 10?", code=Code.VALUE
    )

    assert str(problem) == (
        "profiles/orders.yaml:12:5: CM303 pool.size: the text 'ten'; accepted: a whole number from 1; "
        "did you mean 10?"
    )


def test_a_problem_leaves_out_what_there_is_nothing_to_say_about() -> None:
    assert (
        str(Problem(PLACE, "", "an empty file", code=Code.VALUE))
        == "profiles/orders.yaml:12:5: CM303 an empty file"
    )


def test_a_warning_says_that_it_is_one() -> None:
    problem = Problem(PLACE, "pool.timeout", "the number 5000", code=Code.MILLISECONDS)

    assert str(problem) == "profiles/orders.yaml:12:5: CM305 warning: pool.timeout: the number 5000"


def test_no_two_codes_are_one() -> None:
    assert len({*Code}) == len(Code.__members__)


def test_problems_sort_by_file_then_line_then_column() -> None:
    places = [Place("b.yaml", 1, 1), Place("a.yaml", 10, 1), Place("a.yaml", 9, 2), Place("a.yaml", 9, 1)]

    ordered = sorted(Problem(place, "", "wrong", code=Code.VALUE) for place in places)

    assert [str(problem.place) for problem in ordered] == [
        "a.yaml:9:1",
        "a.yaml:9:2",
        "a.yaml:10:1",
        "b.yaml:1:1",
    ]


def test_a_problem_cannot_be_changed() -> None:
    problem = Problem(PLACE, "pool.size", "the text 'ten'", code=Code.VALUE)

    with pytest.raises(dataclasses.FrozenInstanceError):
        problem.found = "something else"  # type: ignore[misc]

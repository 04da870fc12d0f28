"""A name that is none of those there are is answered with them, and with the one that was perhaps meant."""

from __future__ import annotations

import pytest

from connmgr.nearest import LONGEST_WORD, MOST_ASKED, MOST_LISTED, Nearest, did_you_mean, unknown


@pytest.mark.parametrize(
    ("word", "answer"), [("sizes", 'did you mean "size"?'), ("SIZE", 'did you mean "size"?'), ("zzz", "")]
)
def test_the_nearest_word_is_offered_when_one_is_near(word: str, answer: str) -> None:
    assert did_you_mean(word, ["mode", "size", "timeout"]) == answer


def test_a_word_as_long_as_a_file_is_not_compared() -> None:
    assert did_you_mean("s" * (LONGEST_WORD + 1), ["s" * LONGEST_WORD]) == ""


def test_what_is_unknown_is_told_with_what_there_is() -> None:
    assert unknown("oders", ["stock", "orders"]) == (
        "no profile named 'oders'; there are: orders, stock; did you mean \"orders\"?"
    )
    assert unknown("x", [], " in 'here'", kind="group") == "no group named 'x' in 'here'; there are: none"


def test_of_many_names_the_first_are_listed_and_the_others_counted() -> None:
    names = [f"a{number:03}" for number in range(MOST_LISTED + 3)]

    assert unknown("x", names).endswith(f"{names[MOST_LISTED - 1]} and 3 more")


def test_near_names_are_looked_for_a_bounded_number_of_times_and_remembered() -> None:
    nearest = Nearest(f"base{number}" for number in range(200))

    hints = [nearest.hint(f"bese{number}") for number in range(MOST_ASKED + 1)]

    assert all(hints[:MOST_ASKED])
    assert hints[MOST_ASKED] == ""
    assert nearest.hint("bese0") == hints[0]

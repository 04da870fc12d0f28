"""Problems in words: for people, for programs, for GitHub."""

from __future__ import annotations

import json

import pytest

from connmgr.config.diagnostics import did_you_mean, render
from connmgr.problem import Code, Place, Problem

PROBLEM = Problem(
    Place("a,b:c.yaml", 3, 9), "pool.size", "100% wrong\nhere", "a number", "mend it", code=Code.VALUE
)


@pytest.mark.parametrize(
    ("word", "answer"), [("sizes", 'did you mean "size"?'), ("SIZE", 'did you mean "size"?'), ("zzz", "")]
)
def test_the_nearest_word_is_offered_when_one_is_near(word: str, answer: str) -> None:
    assert did_you_mean(word, ["mode", "size", "timeout"]) == answer


def test_text_is_one_problem_a_line() -> None:
    plain = Problem(Place("a.yaml"), "", "the file is empty", code=Code.VALUE)

    assert render([plain, plain], "text") == "a.yaml:1:1: the file is empty\na.yaml:1:1: the file is empty"


def test_json_is_a_list_of_objects() -> None:
    assert json.loads(render([PROBLEM], "json")) == [
        {
            "file": "a,b:c.yaml",
            "line": 3,
            "column": 9,
            "path": "pool.size",
            "found": "100% wrong\nhere",
            "accepted": "a number",
            "hint": "mend it",
        }
    ]


def test_github_commands_escape_what_would_end_them() -> None:
    assert render([PROBLEM], "github") == (
        "::error file=a%2Cb%3Ac.yaml,line=3,col=9,title=pool.size::"
        "pool.size: 100%25 wrong%0Ahere; accepted: a number; mend it"
    )


def test_no_problems_are_an_empty_text_and_an_empty_list() -> None:
    assert render([], "text") == render([], "github") == ""
    assert json.loads(render([], "json")) == []

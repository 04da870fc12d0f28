"""Problems in words: for people, for programs, for GitHub."""

from __future__ import annotations

import json

from connmgr.config.diagnostics import render
from connmgr.problem import Code, Place, Problem

PROBLEM = Problem(
    Place("a,b:c.yaml", 3, 9), "pool.size", "100% wrong\nhere", "a number", "mend it", code=Code.VALUE
)
WARNING = Problem(Place("a.yaml", 2), "pool.timeout", "many seconds", code=Code.MILLISECONDS)


def test_text_is_one_problem_a_line() -> None:
    plain = Problem(Place("a.yaml"), "", "the file is empty", code=Code.NO_SETTINGS)

    assert render([plain, WARNING], "text").splitlines() == [
        "a.yaml:1:1: CM203 the file is empty",
        "a.yaml:2:1: CM305 warning: pool.timeout: many seconds",
    ]


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
            "code": "CM303",
            "severity": "error",
        }
    ]


def test_json_tells_a_warning_from_an_error() -> None:
    (warning,) = json.loads(render([WARNING], "json"))

    assert (warning["code"], warning["severity"]) == ("CM305", "warning")


def test_github_commands_escape_what_would_end_them() -> None:
    assert render([PROBLEM], "github") == (
        "::error file=a%2Cb%3Ac.yaml,line=3,col=9,title=CM303 pool.size::"
        "CM303 pool.size: 100%25 wrong%0Ahere; accepted: a number; mend it"
    )


def test_github_shows_a_warning_as_one() -> None:
    assert render([WARNING], "github").startswith(
        "::warning file=a.yaml,line=2,col=1,title=CM305 pool.timeout::"
    )


def test_no_problems_are_an_empty_text_and_an_empty_list() -> None:
    assert render([], "text") == render([], "github") == ""
    assert json.loads(render([], "json")) == []

"""References: their three forms, the dollar sign, and what is malformed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connmgr.config.references import Malformed, Reference, missing, parse, substitute
from connmgr.problem import Place
from connmgr.secret import Secret


def test_a_text_is_split_into_literals_and_references() -> None:
    parts = parse("a${X}b${Y:-d e}${Z:?set it}")

    assert parts == ("a", Reference("X"), "b", Reference("Y", Secret("d e")), Reference("Z", None, "set it"))


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("$$", "$"),
        ("$${X}", "${X}"),
        ("$X", "$X"),
        ("5$", "5$"),
        ("$$$$", "$$"),
        ("${N:-a$$b}", "a$b"),
        ("", ""),
    ],
)
def test_two_dollar_signs_are_one_and_a_lone_one_stays(text: str, result: str) -> None:
    assert substitute(parse(text), {"X": "wrong"}) == result


@pytest.mark.parametrize(
    ("text", "environ", "result"),
    [
        ("${X}", {"X": "1"}, "1"),
        ("${X}", {"X": ""}, ""),
        ("${X}", {}, None),
        ("${X:-d}", {}, "d"),
        ("${X:-d}", {"X": ""}, "d"),
        ("${X:-}", {}, ""),
        ("${X:?m}", {"X": "1"}, "1"),
        ("${X:?m}", {"X": ""}, None),
        ("${X:?m}", {}, None),
        ("${X:-a:b?c}", {}, "a:b?c"),
    ],
)
def test_a_reference_takes_its_value_or_its_default(
    text: str, environ: dict[str, str], result: str | None
) -> None:
    (reference,) = parse(text)

    assert isinstance(reference, Reference)
    assert reference.value(environ) == result
    assert bool(missing((reference,), environ)) is (result is None)


def test_a_value_is_not_searched_for_references_again() -> None:
    assert substitute(parse("${X}"), {"X": "${Y}$$", "Y": "wrong"}) == "${Y}$$"


@pytest.mark.parametrize(
    "text", ["${", "${}", "${ }", "${A B}", "${1A}", "${A-b}", "${A:+b}", "${A:-${B}}", "x${A"]
)
def test_a_malformed_reference_is_refused_without_its_text(text: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse(text)

    assert "A" not in str(caught.value)


def test_an_unset_reference_shows_its_own_message() -> None:
    problem = Reference("X", message=" set it, please ").unset(Place("f.yaml", 3, 4), "url")

    assert str(problem) == "f.yaml:3:4: CM502 url: X is not set, or is empty; set it, please"


@given(st.text())
def test_any_text_comes_through_once_its_dollar_signs_are_doubled(text: str) -> None:
    assert substitute(parse(text.replace("$", "$$")), {}) == text

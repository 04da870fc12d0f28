"""The line under a problem is the one that an editor shows, and the caret stands under what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connmgr.cli.excerpts import Excerpts
from connmgr.config.excerpt import with_source
from connmgr.config.loader import load_profiles
from connmgr.problem import Code, Place

Shown = Callable[[str], list[list[str]]]


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shown:
    """For each problem of one file: its message, its source line and its caret line."""
    monkeypatch.chdir(tmp_path)

    def of(text: str) -> list[list[str]]:
        Path("orders.yaml").write_bytes(text.encode())
        excerpts = Excerpts()
        problems = load_profiles(".").problems
        return [with_source(each, excerpts.line(each.place)).splitlines() for each in problems]

    return of


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"], ids=repr)
@pytest.mark.parametrize("start", ["", "\ufeff", "\ufeff# é\u200b\U0001f600\n\n"], ids=ascii)
@pytest.mark.parametrize("note", ["a", "é\u200b", '"\\N\\L\\P"', '"a\n  b"', "\U0001f600 漢"], ids=ascii)
def test_the_caret_stands_under_the_value_whatever_is_above_it(
    shown: Shown, end: str, start: str, note: str
) -> None:
    above = f"{start}url: sqlite://\ndescription: {note}\n"
    number = above.count("\n") + 1

    *_, (message, line, caret) = shown(f"{above}pool: {{size: ten}}\n".replace("\n", end))

    assert message.startswith(f"orders.yaml:{number}:14: {Code.VALUE} pool.size: ")
    assert line == f"  {number} | pool: {{size: ten}}"
    assert caret.index("^") == line.index("ten")


@pytest.mark.parametrize(
    "character", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\ufeff"], ids=ascii
)
def test_what_only_some_programs_take_for_a_line_end_is_one_problem_and_moves_no_other(
    shown: Shown, character: str
) -> None:
    found = shown(f"url: sqlite://\ndescription: a{character}b\npool: {{size: ten}}\n")

    assert len(found) == 1
    (message,) = found[0]
    place = Place("orders.yaml", 2, 15)
    assert message.startswith(f"{place}: {Code.CHARACTER} the character U+{ord(character):04X} ")

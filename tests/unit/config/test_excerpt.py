"""The source line of a problem is shown with a caret under its place, and no secret is in it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connmgr.config.excerpt import WIDTH, with_source
from connmgr.config.schema import showable_keys
from connmgr.config.source import read
from connmgr.config.validate import validate
from connmgr.problem import Code, Place, Problem

CANARY = "c4n4ry"


def excerpt(path: str, column: int, line: str) -> list[str]:
    """The lines under the message, without their numbers."""
    problem = Problem(Place("f.yaml", 3, column), path, "found it", code=Code.VALUE)
    message, *lines = with_source(problem, line).splitlines()
    assert message == str(problem)
    return [each.split("| ", 1)[1] for each in lines]


@pytest.mark.parametrize(
    ("path", "column", "line", "shown"),
    [
        ("pool.size", 9, "  size: ten", "  size: ten"),
        ("pool.size", 14, "pool: {size: x, timeout: 3}", "pool: {size: x, timeout: 3}"),
        ("profiles.a.pool.size", 9, "  size: ten", "  size: ten"),
        ("description", 14, "description: a, b", "description: a, b"),
        ("extends", 11, "extends: [_a, b]", "extends: [_a, b]"),
        ("pool.size", 9, "  size: ten  # c4n4ry", "  size: ten"),
        ("password", 11, "password: c4n4ry", "password: ********"),
        ("url", 6, "url: postgresql://app:c4n4ry@db/orders", "url: ********"),
        ("pool.sizes", 9, "  sizes: c4n4ry", "  sizes: ********"),
        ("pool.sise", 17, "pool: {size: 4, sise: 3}", "pool: {size: 4, sise: ********"),
        ("pool.size", 14, "pool: {size: x, password: c4n4ry}", "pool: {size: x, password: ********"),
        ("password.fil", 12, "password: {fil: c4n4ry}", "password: ********"),
        ("connection.sslmode", 3, "  sslmode: x, c4n4ry", "  sslmode: ********"),
    ],
)
def test_a_setting_is_shown_and_what_may_be_secret_is_masked(
    path: str, column: int, line: str, shown: str
) -> None:
    first, caret = excerpt(path, column, line)

    assert first == shown
    assert caret == " " * min(column - 1, first.find("*") if "*" in first else column) + "^"


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("", "c4n4ry"),
        ("password", "  c4n4ry: more"),
        ("…", '"postgresql://app:c4n4ry@db/orders": 1'),
        ("connection.sslmode", '  c4n4ry", sslmode: x}'),
        ("connection.sslmode", "  c4n4ry: x, sslmode: x}"),
        ("pool.size", ""),
    ],
)
def test_a_line_that_may_have_begun_as_a_secret_is_not_shown(path: str, line: str) -> None:
    assert excerpt(path, 1, line) == []


def test_a_long_line_is_cut_around_the_caret() -> None:
    first, caret = excerpt("description", 200, f"description: {'a' * 186}b{'c' * 300}")

    assert len(first) == WIDTH
    assert first[caret.index("^")] == "b"


@pytest.mark.parametrize("start", ["漢" * 120, "e\u0301" * 120, "漢字 "])
def test_wide_and_combining_characters_keep_the_caret_in_place(start: str) -> None:
    column = len(f"description: {start}") + 1

    first, caret = excerpt("description", column, f"description: {start}x")

    before = first[: first.index("x")]
    width = sum(2 if unicodedata.east_asian_width(c) == "W" else not unicodedata.combining(c) for c in before)
    assert caret.index("^") == width
    assert width < WIDTH


def test_a_tab_keeps_the_caret_in_place() -> None:
    assert excerpt("pool.size", 8, "\tsize:\tx") == [" size: x", "       ^"]


KEYS = st.sampled_from(["password", "url", "sslpassword", "pool", "connection", "size", "zzz", CANARY, "x y"])
SECRETS = st.sampled_from(["password", "connection: {password", "connection: {host: db, sslpassword", "url"])
QUOTES = st.sampled_from(
    ["{}", '"{}"', "'{}'", "{{file: {}}}", '"x\n  {}"', "'x\n\n {}'", "|\n  {}", ">\n  {}", "&a {}"]
)
TAILS = st.sampled_from(
    ["", "}", ", sslmode: x}", ", host: 3}", " # c", "\npool: {size: x}", "\nsizes: 3", "\n: x"]
)


@given(SECRETS, QUOTES, TAILS, st.text(" ,:{}#'\"x", max_size=6), st.text(" ,:{}#'\"x", max_size=6))
def test_no_excerpt_shows_a_password_wherever_a_file_is_broken(
    key: str, quote: str, tail: str, before: str, after: str
) -> None:
    text = f"{key}: {quote.format(before + CANARY + after)}{tail}\n"
    document = read(text.encode(), "f.yaml", showable_keys())
    lines = text.splitlines()

    found = [*document.problems, *validate(document, "f.yaml")]
    shown = [
        with_source(problem, lines[problem.place.line - 1]).removeprefix(str(problem)) for problem in found
    ]

    assert not [each for each in shown if CANARY in each]


@given(KEYS, KEYS, st.integers(1, 40), st.text(" ,:{}[]#'\"-x3", max_size=12))
def test_a_value_is_shown_under_no_key_but_a_settings_own(
    key: str, own: str, column: int, noise: str
) -> None:
    line = f"{noise}password: {CANARY}{noise}{key}: {CANARY}"

    assert not [each for each in excerpt(own, column, line) if CANARY in each.replace(f"{CANARY}:", "")]

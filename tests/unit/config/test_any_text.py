"""Whatever a file holds, loading gives a profile or problems with a place inside the file."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from connmgr.config.loader import load_profiles
from connmgr.config.settle import settle
from connmgr.errors import ConfigError

# What profiles are made of, so that not every example dies at its first character.
WORDS = "url: |pool:|size|: |sqlite://|postgresql://u:p@h/d|10|.inf|null|~|${X}|${X:-|$|&a |*a |!x |<<: |? "
MARKS = "\n|  |\t|- |, |{|}|[|]|\"|'|#| #|---\n|>\n|%|@|\\|\u00e9|\r"
PIECES = st.sampled_from(f"{WORDS}|{MARKS}".split("|"))
TEXTS = st.lists(PIECES | st.text(max_size=5), max_size=40).map("".join) | st.text(max_size=500)


ENVIRONMENTS = st.fixed_dictionaries({"X": st.just("10") | st.just("${X}") | TEXTS})


def check(data: bytes, environ: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "any.yaml")
        file.write_bytes(data)
        result = load_profiles(directory)
    lines = len(re.split(rb"\r\n|\r|\n", data))
    assert bool(result.profiles) is not bool(result.problems)
    assert all(1 <= problem.place.line <= lines for problem in result.problems)
    assert all(problem.place.column >= 1 and problem.found for problem in result.problems)
    for profile in result.profiles.values():
        try:
            settle(profile, environ)
        except ConfigError as error:
            assert error.problems  # noqa: PT017 - either outcome is right, a traceback is not


@settings(max_examples=200, deadline=None)
@given(TEXTS, ENVIRONMENTS)
def test_any_text_gives_a_profile_or_problems_inside_the_file(text: str, environ: dict[str, str]) -> None:
    check(text.encode(errors="replace"), environ)


@settings(max_examples=200, deadline=None)
@given(TEXTS, ENVIRONMENTS)
def test_any_value_of_a_setting_gives_a_profile_or_problems(text: str, environ: dict[str, str]) -> None:
    document = f"url: sqlite://\npool: {{size: {text}}}\ndescription: {text}\n"
    check(document.encode(errors="replace"), environ)


@settings(max_examples=200, deadline=None)
@given(ENVIRONMENTS)
def test_any_value_of_a_variable_gives_settings_or_problems(environ: dict[str, str]) -> None:
    document = 'url: "sqlite:///${X}"\npool: {size: "${X}", timeout: "${X}", use_lifo: "${X}"}\n'
    check(document.encode(), environ)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60), ENVIRONMENTS)
def test_any_quoted_url_gives_a_profile_or_problems(text: str, environ: dict[str, str]) -> None:
    quoted = text.replace("'", "''")
    check(f"url: 'postgresql://{quoted}'\n".encode(errors="replace"), environ)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=2048))
def test_any_bytes_give_a_profile_or_problems_inside_the_file(data: bytes) -> None:
    check(data, {})

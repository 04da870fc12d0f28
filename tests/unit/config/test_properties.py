"""What holds for every profile: it survives writing, merging is associative, no text breaks the reader."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from connmgr.config.dump import dump
from connmgr.config.loader import LoadResult, load_profiles
from connmgr.config.merge import Alone, Layer, finish, merge
from connmgr.secret import Secret

# Anything that a text may hold, its dollar signs doubled, or a reference, or both.
PLAIN = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=20)
REFERENCES = st.sampled_from(["${X}", "${X:-a: b #c}", "${X:?set X: it is {the} 'host'}", "$$", "${_x1:-}"])
TEXTS = st.lists(PLAIN.map(lambda text: text.replace("$", "$$")) | REFERENCES, min_size=1, max_size=3)
TEXT = TEXTS.map("".join)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,9}", fullmatch=True)
ELSEWHERE = (
    st.fixed_dictionaries({"env": NAMES})
    | st.fixed_dictionaries({"file": TEXT})
    | st.fixed_dictionaries({"command": st.lists(TEXT, min_size=1, max_size=4)})
)
SECONDS = st.integers(1, 600) | st.floats(0.001, 600) | st.sampled_from(["500ms", "1.5s", "${T:-1s}"])
BOOLEANS = st.booleans() | st.just("${B}")
GROUPS = {
    "description": TEXT,
    "timeouts": st.fixed_dictionaries({}, optional={"connect": SECONDS, "statement": SECONDS}),
    "session": st.fixed_dictionaries({}, optional={"expire_on_commit": BOOLEANS}),
    "health": st.fixed_dictionaries({}, optional={"critical": BOOLEANS, "timeout": SECONDS}),
    "pool": st.fixed_dictionaries(
        {}, optional={"size": st.integers(1, 99) | st.just("${N:-3}"), "use_lifo": BOOLEANS}
    ),
}
URLS = st.sampled_from(
    [
        "postgresql://app@db.internal:5432/orders",
        "postgresql://[::1]/${DB}?sslmode=require&options=-c%20a%3Db",
    ]
)
PROFILES = st.fixed_dictionaries({"url": URLS}, optional={**GROUPS, "password": TEXT | ELSEWHERE})

LAYERS = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(
        st.none() | st.integers(0, 2) | st.builds(Alone, st.dictionaries(st.sampled_from("ab"), st.just(7))),
        lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        max_leaves=8,
    ),
)
CLEARED = {name: group | st.none() for name, group in GROUPS.items()}
BASES = st.fixed_dictionaries({}, optional={**CLEARED, "password": st.none() | TEXT | ELSEWHERE})

WORDS = (
    "url: |pool:|size|: |sqlite://|postgresql://u:p@h/d|10|.inf|null|~|${X}|${X:-|$$|$|&a |*a |!x |<<: |? |"
    "\n|  |- |, |{|}|[|]|\"|'|#| #|---\n|...|>\n|%|@|\\|\t|\r|\x00|\u2028|\ufeff|é|\U0001f600|extends: |"
    "connection: |profiles:\n  |defaults: |password: |{env: X}|{command: [a]}|host: |a,b|=|`"
)
PIECES = WORDS.split("|")
RUNS = st.tuples(st.sampled_from(PIECES), st.integers(1, 3) | st.integers(1, 900)).map(
    lambda run: run[0] * run[1]
)
LONG = st.lists(RUNS | st.text(max_size=20), max_size=60).map(lambda runs: "".join(runs)[:10_000])


def load(documents: Mapping[str, str]) -> LoadResult:
    with tempfile.TemporaryDirectory() as directory:
        for name, text in documents.items():
            Path(directory, f"{name}.yaml").write_bytes(text.encode(errors="replace"))
        return load_profiles(directory)


def thawed(value: object) -> Any:
    """A profile's value as plain values again."""
    match value:
        case Mapping():
            return {key: thawed(item) for key, item in value.items()}
        case tuple():
            return [thawed(item) for item in value]
        case Secret():
            return value.reveal()
        case _:
            return value


@settings(max_examples=200, deadline=None)
@given(PROFILES)
def test_any_profile_survives_being_written_and_read(values: dict[str, object]) -> None:
    result = load({"db": dump(values)})

    assert result.problems == ()
    assert thawed(result.profiles["db"].values) == values
    assert dump(thawed(result.profiles["db"].values)) == dump(values)


@settings(max_examples=300, deadline=None)
@given(LAYERS, LAYERS, LAYERS)
def test_merging_is_associative(one: Layer, two: Layer, three: Layer) -> None:
    left, right = merge(merge(one, two), three), merge(one, merge(two, three))

    assert left == right
    assert finish(left) == finish(right)


@settings(max_examples=200, deadline=None)
@given(LAYERS)
def test_a_layer_over_nothing_and_over_itself_is_the_layer(layer: Layer) -> None:
    assert merge({}, layer) == merge(layer, {}) == merge(layer, layer) == layer


@settings(max_examples=100, deadline=None)
@given(BASES, BASES, BASES)
def test_bases_in_a_list_are_bases_one_through_another(
    one: dict[str, object], two: dict[str, object], three: dict[str, object]
) -> None:
    result = load(
        {
            "_one": dump({**one, "url": "postgresql://app@h/d"}),
            "_two": dump(two),
            "_three": dump(three),
            "_two_over_one": dump({**two, "extends": "_one"}),
            "list": dump({"extends": ["_one", "_two", "_three"]}),
            "chain": dump({"extends": ["_two_over_one", "_three"]}),
        }
    )

    assert result.problems == ()
    assert thawed(result.profiles["list"].values) == thawed(result.profiles["chain"].values)


@settings(max_examples=250, deadline=None)
@given(LONG, st.sampled_from(["db", "db.profiles", "_db"]))
def test_no_text_of_ten_thousand_characters_gives_anything_but_profiles_or_problems(
    text: str, name: str
) -> None:
    result = load({name: text, "good": "url: sqlite://\n"})

    lines = len(re.split(r"\r\n|\r|\n", text))
    assert "good" in result.profiles
    assert name == "_db" or len(result.profiles) > 1 or result.problems
    assert not set(result.profiles) & result.broken
    assert all(1 <= problem.place.line <= lines and problem.place.column >= 1 for problem in result.problems)
    assert all(problem.found and str(problem).isprintable() for problem in result.problems)

"""YAML of other programs: merge keys as Ruby has them, and the limits that a profile has."""

from __future__ import annotations

import time

import pytest

from connmgr.config.foreign import Branch, List, Text, Unreadable, read_foreign


def plain(value: object) -> object:
    """Values without their lines."""
    if isinstance(value, Branch):
        return {key: plain(child) for key, child in value.values.items()}
    return value.text if isinstance(value, Text) else value


def test_a_merge_key_brings_in_the_keys_of_its_anchor_and_their_lines():
    root = read_foreign("base: &base\n  pool: 5\nproduction:\n  <<: *base\n  host: 'db'\n")

    assert plain(root) == {"base": {"pool": "5"}, "production": {"pool": "5", "host": "db"}}
    assert isinstance(root, Branch)
    base, production = root.values["base"], root.values["production"]
    assert isinstance(base, Branch)
    assert isinstance(production, Branch)
    assert production.values == {"pool": Text("5", 2, plain=True), "host": Text("db", 5, plain=False)}
    assert (base.is_base, production.is_base) == (True, False)


@pytest.mark.parametrize(
    ("merge", "merged"),
    [
        ("<<: *a, x: mine", "mine"),
        ("x: mine, <<: *a", "a"),
        ("<<: [*a, *b]", "a"),
        ("<<: *b, <<: *a", "a"),
    ],
)
def test_what_comes_later_wins_and_of_a_list_the_first(merge, merged):
    root = plain(read_foreign(f"a: &a {{x: a}}\nb: &b {{x: b}}\nc: {{{merge}}}\n"))

    assert isinstance(root, dict)
    assert root["c"] == {"x": merged}


def test_a_quoted_merge_key_is_a_key():
    assert plain(read_foreign('"<<": x\n')) == {"<<": "x"}


def test_of_a_doubled_key_the_last_counts_and_both_are_known():
    root = read_foreign("a: 1\nb: 2\na: 3\n")

    assert plain(root) == {"a": "3", "b": "2"}
    assert isinstance(root, Branch)
    assert root.doubled == (("a", 1),)


def test_scalars_stay_as_they_are_written_and_lists_have_a_line():
    assert plain(read_foreign("a: no\nb: 010\nc:\nd: 22:22\ne:\n  - x\n")) == {
        "a": "no",
        "b": "010",
        "c": "",
        "d": "22:22",
        "e": List(5),
    }


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n...\n"])
def test_an_empty_text_is_nothing(text):
    assert plain(read_foreign(text)) in (None, "")


def chain(entry: str) -> str:
    lines = (f"b{number}: &b{number} {entry}\n".replace("@", f"*b{number - 1}") for number in range(1, 60))
    return "b0: &b0 {x: 1}\n" + "".join(lines)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: {b", 1),
        ("a: 1\n<<: text\n", 2),
        ("a: 1\n? [b]\n: c\n", 2),
        ("a: *unknown\n", 1),
        ("a: &a {b: *a}\n", 1),
        ("a: &a {<<: *a}\n", 1),
        ("[" * 100_000, 1),
        ("{a: " * 100_000, 1),
        ("a: [" + "1, " * 20_000 + "]\n", 1),
        ("a: &a 1\n" + "b: *a\n" * 300, 202),
        (chain("{x: @, y: @}"), 5),
        (chain("{<<: [@, @]}"), 5),
    ],
)
def test_what_is_broken_or_beyond_a_limit_is_refused_at_once(text, line):
    start = time.process_time()

    with pytest.raises(Unreadable) as refused:
        read_foreign(text)

    assert refused.value.line == line
    assert time.process_time() - start < 5


def test_a_refusal_quotes_nothing_of_the_text():
    with pytest.raises(Unreadable) as refused:
        read_foreign("password: 'canary\n")

    assert "canary" not in str(refused.value)
    assert refused.value.__context__ is None or refused.value.__suppress_context__

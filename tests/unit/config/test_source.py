"""YAML becomes plain values with places; what is wrong with it becomes problems with places."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from connmgr.config import source
from connmgr.config.source import read


@pytest.fixture(params=["C", "Python"], autouse=True)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both of PyYAML's parsers: not every platform has the one in C."""
    loader: Any = yaml.CSafeLoader if request.param == "C" else yaml.SafeLoader
    monkeypatch.setattr(source, "_LOADER", loader)


def problems(text: str, *showable: str) -> list[str]:
    known = frozenset((*showable, "pool"))
    return [str(problem) for problem in read(text.encode(), "f", known).problems]


def test_values_come_with_the_places_of_their_keys_and_themselves() -> None:
    document = read(b"url: sqlite://\npool:\n  size: 10\n  list: [a, {b: ~}]\n", "f")

    assert document.values == {"url": "sqlite://", "pool": {"size": 10, "list": ["a", {"b": None}]}}
    assert str(document.keys["pool", "size"]) == "f:3:3"
    assert str(document.places["pool", "size"]) == "f:3:9"
    assert str(document.places["pool", "list", "1", "b"]) == "f:4:17"
    assert document.problems == ()


def test_quotes_make_a_text_of_anything() -> None:
    assert read(b"a: '1'\nb: \"true\"\nc: no\nd: 22:22\ne: >-\n  12\n", "f").values == {
        "a": "1",
        "b": "true",
        "c": "no",
        "d": "22:22",
        "e": "12",
    }


def test_columns_count_characters_and_not_bytes() -> None:
    assert str(read('a: {"注文": 1, b: 2}\n'.encode(), "f").places["a", "b"]) == "f:1:17"


def test_an_alias_stands_for_its_anchor() -> None:
    document = read(b"a: &x {n: 5}\nb: *x\nc: &y 7\nd: *y\n", "f")

    assert document.values == {"a": {"n": 5}, "b": {"n": 5}, "c": 7, "d": 7}


def test_an_aliased_value_stands_at_its_alias_and_what_is_inside_it_where_it_was_written() -> None:
    places = read(b"a: &x {n: 5}\nb: *x\n", "f").places

    assert str(places["b",]) == "f:2:4"
    assert str(places["b", "n"]) == "f:1:11"


def test_a_merge_key_is_refused_with_the_way_that_profiles_have() -> None:
    (problem,) = problems("a: &x {n: 5}\n<<: *x\n")

    assert problem.startswith("f:2:1: CM208 a merge key (<<); accepted: plain keys; write extends: NAME ")


@pytest.mark.parametrize(
    ("text", "place", "found"),
    [
        ("", "f:1:1", "CM203 the file is empty"),
        ("---\n", "f:1:1", "CM203 the file is empty"),
        ("null\n", "f:1:1", "CM203 the file is empty"),
        ("- a\n", "f:1:1", "CM203 a list instead of settings"),
        ("url:sqlite://\n", "f:1:1", "CM203 a single text instead of settings"),
        ("a: 1\n---\nb: 2\n", "f:2:1", "CM204 a second document"),
        ("a: 1\nb: 2\na: 3\n", "f:3:1", "CM205 a: the key stands here and in line 1"),
        ("a: {<<: {b: 1}}\n", "f:1:5", "CM208 a: a merge key (<<)"),
        ("1: 2\n", "f:1:1", "CM206 a key that is not text"),
        (".inf: 2\n", "f:1:1", "CM206 a key that is not text"),
        ("[a]: 2\n", "f:1:1", "CM206 a key that is not text"),
        ("a: !!str 5\n", "f:1:4", "CM207 a: a tag (!)"),
        ("a: !x {}\n", "f:1:4", "CM207 a: a tag (!)"),
        ("a: .inf\n", "f:1:4", "CM212 a: a number without an end"),
        ("a: 1e999\n", "f:1:4", "CM212 a: a number too large"),
        ('a: "x\\0y"\n', "f:1:4", "CM213 a: a NUL inside a text"),
        ("a: |\n  x\n", "f:1:4", "CM213 a: a line break inside a text"),
        ("a: *b\n", "f:1:4", "CM209 a: an alias without its anchor"),
        ("a: &a [*a]\n", "f:1:8", "CM209 a: an alias inside its own anchor"),
        ('a: 1\nb: "c\n', "f:2:4", "CM201 b: a text whose quote is not closed"),
        ('b: "c\n---\n', "f:1:4", "CM201 b: a text whose quote is not closed"),
        ("a: b: c\n", "f:1:5", "CM201 a: a colon where no key can stand"),
        ("a: [1, 2\nb: 3\n", "f:2:2", "CM201 a: a list in brackets that goes wrong"),
        ("pool: {b: 1 c: 2}\n", "f:1:14", "CM201 pool.b: a mapping in braces that goes wrong"),
        ("a: 1\nb\nc: 2\n", "f:2:1", "CM201 a line that is no key"),
        ("a: 'x' y\n", "f:1:8", "CM201 a line that does not fit"),
        ("a: @b\n", "f:1:4", "CM201 a: a character that begins no YAML value"),
        ("%YAML 3.0\n---\na: 1\n", "f:1:1", "CM201 something that is not YAML"),
        ("{", "f:1:2", "CM201 a brace or a bracket that is not closed"),
    ],
)
def test_each_mistake_has_its_place_and_its_words(text: str, place: str, found: str) -> None:
    shown = problems(text)

    assert any(line.startswith(f"{place}: {found}") for line in shown), shown


def test_an_unknown_escape_is_not_quoted() -> None:
    (problem,) = problems('password: "hun\\q"\n')

    assert "a backslash that begins no escape" in problem
    assert "q" not in problem.replace("single quotes", "").partition("accepted")[0]


def test_every_mistake_that_leaves_the_rest_readable_is_reported_at_once() -> None:
    text = "1: a\n<<: {}\nb: !x 1\nc: .nan\nd: 1\nd: 2\n"

    assert len(problems(text)) == 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pool: {size: ${POOL_SIZE}}", 'f:1:14: CM202 pool.size: {}; quote it: "${POOL_SIZE}"'),
        ("pool: {mode: pooled, size: 1${N}, b: c}", 'f:1:28: CM202 pool.size: {}; quote it: "1${N}"'),
        ("size: ${X:-a: b}", 'f:1:7: CM202 size: {}; quote it: "${X:-a: b}"'),
        ("size: of ${X:?set it #1} x", 'f:1:7: CM202 size: {}; quote it: "of ${X:?set it #1}"'),
        ('size: ${X:-"a": b}', "f:1:7: CM202 size: {}; quote it: '${X:-\"a\": b}'"),
        ("size:\n  ${X:-a: b}", 'f:2:3: CM202 size: {}; quote it: "${X:-a: b}"'),
        ("url: ${X:-a: b}", "f:1:6: CM202 url: {}; quote it"),
        ("size: ${X:-postgresql://u:hunter2@h: a}", "f:1:7: CM202 size: {}; quote it"),
        ("password: ${X:?set it #1}", "f:1:11: CM202 password: {}; quote it"),
        ("a: [${A}, ${B}]", "f:1:5: CM202 a: {}; quote it"),
    ],
)
def test_a_reference_that_yaml_tears_apart_is_to_be_quoted(text: str, expected: str) -> None:
    words = "a reference without quotes, which YAML tears apart; accepted: the whole value in quotes"

    assert problems(text, "size") == [expected.replace("{}", words, 1)]


@pytest.mark.parametrize(
    "text", ['a: {b: "${A}" c: 1}', 'a: "x ${A}" : z', "a: ${A} b: x", "a: ${A: x", "a: 'b${A}' c: d"]
)
def test_a_reference_that_only_stands_near_a_mistake_is_not_blamed(text: str) -> None:
    assert not any("tears apart" in problem for problem in problems(text))


def test_what_stands_in_the_braces_of_a_secret_is_no_part_of_the_path() -> None:
    assert "CM201 pool.size.x: " in problems("pool: {size: {x\n", "size")[0]
    assert "CM201 password: " in problems("password: {hunter2\n")[0]
    assert "CM201 profiles.b.password: " in problems("profiles: {b: {password: {hunter2\n")[0]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('password: {hunter2: "x\\a"}', "CM213 password: "),
        ('password: {file: "x\\a"}', "CM213 password.file: "),
        ('password: {command: [y, "x\\a"]}', "CM213 password.command.1: "),
        ('password: [{hunter2: "x\\a"}]', "CM213 password.0: "),
        ('password: {file: {hunter2: "x\\a"}}', "CM213 password.file: "),
        ("password: {hunter2: .inf}", "CM212 password: "),
        ("password: {hunter2: 1, hunter2: 2}", "CM205 password: "),
        ("password: {hunter2: {1: 2}}", "CM206 password: "),
        ('profiles: {b: {password: {hunter2: "x\\a"}}}', "CM213 profiles.b.password: "),
        ('defaults: {password: {hunter2: "x\\a"}}', "CM213 defaults.password: "),
        ('pool: {size: "x\\a"}', "CM213 pool.size: "),
        ('pool: {hunters: ["x\\a"]}', "CM213 pool.hunters.0: "),
    ],
)
def test_a_key_that_may_be_the_secret_is_no_part_of_a_path(text: str, path: str) -> None:
    found = problems(text, "pool", "size")

    assert [path in problem for problem in found] == [True]
    assert "hunter2" not in found[0]

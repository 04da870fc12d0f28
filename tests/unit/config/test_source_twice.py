"""The quick reader and the careful one say the same of any text; what is ordinary, the quick one takes."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connmgr.config import source, trail
from connmgr.config.document import Document
from connmgr.config.encoding import decode
from connmgr.config.resources import resource
from connmgr.config.source import careful, quick

PIECES = "a|b|c1|pool|url: |: |1|.5|true|~|\n|  |\n  |\n- |, |{|}|[|]|\"|'|#| # |${|}|&a |*a|!|<<: |? |>-\n"
# Mostly what `decode` lets through: with any character, half of the texts would reach no reader.
CHARACTERS = st.characters(exclude_categories=["Cc", "Cs", "Cn", "Zl", "Zp"]) | st.sampled_from("\n\r")
TEXTS = st.lists(st.sampled_from(PIECES.split("|")) | st.text(CHARACTERS, max_size=2), max_size=30).map(
    "".join
)
LEAVES = (
    st.text(CHARACTERS, max_size=8) | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False)
)
KEYS = st.sampled_from(["a", "pool", "size", "on", "x-y"]) | st.text(CHARACTERS, max_size=3)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4)
)


@pytest.fixture(params=["C", "Python"], autouse=True, scope="module")
def parser(request: pytest.FixtureRequest) -> Any:
    """Both of PyYAML's parsers: not every platform has the one in C."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "_LOADER", yaml.CSafeLoader if request.param == "C" else yaml.SafeLoader)
        yield


def said(document: Document) -> tuple[object, ...]:
    return repr(document.values), dict(document.places), dict(document.keys), document.problems


def agree(text: str) -> bool:
    """Whether the quick reader took the text; if it did, the careful one must say the same of it.

    A text that `decode` refuses reaches neither: there, YAML ends lines where no editor does.
    """
    if decode(text.encode(), "f")[1]:
        return False
    document = quick(text, "f")
    assert document is None or said(document) == said(careful(text, "f", frozenset()))
    return document is not None


@settings(max_examples=500, deadline=None)
@given(TEXTS)
@example("? a\n\n")
@example("a:")
@example("true: 1\n")
@example('"true": 1\n')
@example("a: {b}\n")
@example("a: ['\x85', ~]")
@example("a: ['\u2028', ~]")
@example("a: ['\u2029', ~]")
@example("a: ['\r', ~]\rb:\r")
@example("a: ['\ufeff', ~]")
def test_both_readers_say_the_same_of_any_text(text: str) -> None:
    agree(text)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=5), st.booleans())
@example(values={"a": ["\x85", None]}, flow=True)
@example(values={"a": ["\u2028", None]}, flow=True)
@example(values={"a": ["\u2029", None]}, flow=False)
@example(values={"a": ["\r", None]}, flow=True)
@example(values={"a": ["\ufeff", None]}, flow=True)
def test_both_readers_say_the_same_of_what_yaml_wrote(values: dict[str, object], flow: bool) -> None:
    agree(yaml.safe_dump(values, default_flow_style=flow, allow_unicode=True))


@pytest.mark.parametrize("name", ["production", "development", "test"])
def test_the_quick_reader_takes_a_shipped_profile(name: str) -> None:
    assert agree(resource(f"profiles/{name}.yaml").read_text(encoding="utf-8"))


def test_the_quick_reader_takes_lists_quotes_braces_and_secrets() -> None:
    assert agree(
        "extends: [_a, \"_b\"]\npassword:\n  command:\n  - vault\n  - 'read'\npool: {size: '${N}'}\n"
    )


def test_keys_beyond_what_is_kept_are_read_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail, "_MOST_BESIDE", 0)
    text = "".join(f"key{number}: {{a: [1, {{b: 2}}]}}\n" for number in range(50))

    kept = len(trail.ROOT.below)

    assert agree(text)
    assert len(trail.ROOT.below) == kept

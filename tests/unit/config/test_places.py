"""Places are kept as numbers, and what is asked for is the place that was written."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connmgr.config import source
from connmgr.config.encoding import place_at
from connmgr.config.places import Places, pack, unpack
from connmgr.config.source import read
from connmgr.problem import Place

FROM_ZERO = st.integers(min_value=0, max_value=1024 * 1024)
# What some programs take for the end of a line, or for no character: in a profile, refused.
REFUSED = "\x0b\x0c\x1c\x85\u2028\u2029\ufeff"
ODD = st.sampled_from([*REFUSED, "\n", "\r", "\r\n", "\u200b", "\u3000", "\u0301", "\U0001f600", "x"])


@given(FROM_ZERO, FROM_ZERO)
def test_a_place_comes_back_from_its_number(line: int, column: int) -> None:
    assert unpack(pack(line, column), "f") == Place("f", line + 1, column + 1)


@pytest.mark.parametrize("loader", [yaml.CSafeLoader, yaml.SafeLoader])
@settings(deadline=None)
@given(noise=st.lists(ODD, max_size=4).map("".join))
@example(noise="\r\u200b\r\n\u3000\U0001f600")
def test_a_value_stands_where_an_editor_shows_it_or_the_text_is_refused(loader: Any, noise: str) -> None:
    text = f"a: {{b: 'x{noise}x', c: HERE}}\n"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "_LOADER", loader)
        document = read(text.encode(), "f")

    refused = any(character in noise for character in REFUSED)
    assert refused is (document.values is None)
    assert refused or document.places["a", "c"] == place_at(text, text.index("HERE"), "f")


def test_a_path_that_is_not_written_has_no_place() -> None:
    places = Places("f", {("a",): pack(0, 3)})

    assert ("b",) not in places
    with pytest.raises(KeyError):
        places["b",]


def test_a_files_own_place_comes_before_those_below_and_the_last_below_before_the_first() -> None:
    first = Places("first", {("a",): pack(0, 0), ("b",): pack(1, 0), ("c",): pack(2, 0)})
    last = Places("last", {("a",): pack(3, 0), ("b",): pack(4, 0)})

    places = Places("own", {("a",): pack(5, 0)}, (first, last))

    assert {path[0]: str(place) for path, place in places.items()} == {
        "a": "own:6:1",
        "b": "last:5:1",
        "c": "first:3:1",
    }
    assert len(places) == 3
    assert "c" not in places
    assert ("c",) in places


def test_the_places_of_a_shared_file_are_told_apart_by_profile() -> None:
    text = b"defaults: {pool: {size: 1}}\nprofiles:\n  a:\n    pool: {size: 2}\n  b: {url: c}\n"

    parts = read(text, "f").places.split(("profiles",))

    assert {name: {path: str(place) for path, place in part.items()} for name, part in parts.items()} == {
        "a": {(): "f:4:5", ("pool",): "f:4:11", ("pool", "size"): "f:4:18"},
        "b": {(): "f:5:6", ("url",): "f:5:12"},
    }


def test_places_are_read_only_and_no_repr_shows_a_path() -> None:
    places = Places("f", {("hunter2",): 0})

    with pytest.raises(TypeError):
        places["a",] = Place("f")  # type: ignore[index]
    assert "hunter2" not in repr(places)

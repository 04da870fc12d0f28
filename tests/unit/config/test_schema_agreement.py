"""The two validators come to the same verdict, whatever the values."""

from __future__ import annotations

from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from connmgr.config.schema import check, schema, settings
from connmgr.problem import Place

ROOT = schema()
ENTRIES = ("profile", "settings", "shared")
DOCUMENTS = {entry: {**ROOT, "$ref": f"#/$defs/{entry}"} for entry in ENTRIES}
SLOW = {entry: jsonschema.Draft202012Validator(document) for entry, document in DOCUMENTS.items()}
QUICK = {entry: jsonschema_rs.Draft202012Validator(document) for entry, document in DOCUMENTS.items()}

LEAVES = [path for path, node in settings() if "properties" not in node]
WORDS = sorted(
    {str(word) for _, node in settings() for s in node.get("anyOf", ()) for word in s.get("enum", ())}
)
PIECES = [*"$.smh,\n50é٣", "${NAME}", "${A:-b}", "$$", "${", "ms", "_base", "a-b", "5432", "sqlite://"]
# Python's `$`, which jsonschema has patterns judged by, also matches before a line break at the end.
TEXTS = (st.sampled_from(WORDS) | st.lists(st.sampled_from(PIECES), max_size=6).map("".join)).filter(
    lambda text: not text.endswith("\n")
)
NUMBERS = st.sampled_from([0, 1, -1, 5.0, 1.5, 65535, 65536, 2147483, 2147483.5, 2**31, 2**63, 2**64, 10**30])
SCALARS = TEXTS | NUMBERS | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
SINGLE = SCALARS | st.booleans() | st.none()
FORMS = st.dictionaries(
    st.sampled_from(["env", "file", "command", "x"]), SINGLE | st.lists(SINGLE, max_size=3), max_size=2
)
VALUES = SINGLE | st.lists(SINGLE, max_size=3) | FORMS


@st.composite
def profiles(draw: st.DrawFn) -> dict[str, Any]:
    """Settings of all kinds, most of them with a value that might fit."""
    values: dict[str, Any] = {}
    for path in draw(st.lists(st.sampled_from(LEAVES), max_size=6)):
        group = values
        for key in path[:-1]:
            group = group.setdefault(key, {})
        group[path[-1]] = draw(VALUES)
    for key in draw(
        st.lists(st.sampled_from(["pool", "connection", "health", "zzz", "extends"]), max_size=1)
    ):
        values[key] = draw(VALUES)
    return values


SHARED = st.fixed_dictionaries(
    {"profiles": st.dictionaries(st.sampled_from(["a", "_a", "3", "b-c"]), profiles(), max_size=2)},
    optional={"defaults": profiles(), "x": SINGLE},
)


@hypothesis_settings(max_examples=300, deadline=None)
@given(profiles())
def test_both_say_the_same_of_a_profile_and_of_a_base(values: dict[str, Any]) -> None:
    for entry in ("profile", "settings"):
        assert QUICK[entry].is_valid(values) == SLOW[entry].is_valid(values)


@hypothesis_settings(max_examples=100, deadline=None)
@given(SHARED)
def test_both_say_the_same_of_a_file_of_several_profiles(values: dict[str, Any]) -> None:
    assert QUICK["shared"].is_valid(values) == SLOW["shared"].is_valid(values)


@hypothesis_settings(max_examples=200, deadline=None)
@given(profiles())
def test_what_is_refused_is_explained_and_what_is_not_is_not(values: dict[str, Any]) -> None:
    found = check(values, place=lambda _: Place("f.yaml"))

    if not QUICK["profile"].is_valid(values):
        assert found
    assert not [problem for problem in found if "jsonschema" in problem.found]
    assert len({problem.path for problem in found}) == len(found)


@pytest.mark.parametrize("text", ["5s\n", "auto\n"])
def test_a_line_break_at_the_end_is_explained_too(text: str) -> None:
    key = "timeout" if text == "5s\n" else "mode"

    (problem,) = check({"pool": {key: text}}, place=lambda _: Place("f.yaml"), kind="base")

    assert problem.path == f"pool.{key}"

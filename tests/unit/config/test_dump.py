"""Values written as a profile read as the same values."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connmgr.config.dump import dump
from connmgr.config.source import read
from connmgr.secret import Secret

# What a profile may hold: no control character (Cc), no half of a surrogate pair (Cs).
TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=40)
# What YAML has a meaning for, so that not every text is harmless.
INDICATORS = "${X}|${X|: |:| #|#|- |-|? |<<|{|}|[|]|&a|*a|!x|'|\"|\\|%|@|`|,|---|...|=|$$| "
WORDS = "~|null|no|on|1_0|0x1f|010|1e3|.inf"
MARKS = st.sampled_from(f"{INDICATORS}|{WORDS}".split("|"))
MARKED = st.lists(MARKS | st.text("abc ${}:#", max_size=3), max_size=6).map("".join)
NUMBERS = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS | MARKED
KEYS = TEXTS | MARKED
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_any_values_come_back_from_what_was_written(values):
    document = read(dump(values).encode(), "any.yaml")

    assert document.problems == ()
    # compared as JSON, for to Python True is 1 and 1.0 is 1
    assert json.dumps(document.values) == json.dumps(values)


def test_a_profile_looks_as_a_person_would_write_it():
    values = {
        "description": "Orders, the primary PostgreSQL",
        "url": "postgresql://app@db.internal:5432/orders?sslmode=require&application_name=api",
        "password": {"command": ["pass", "show", "orders: all"]},
        "pool": {"size": 10, "timeout": 2.5, "use_lifo": False},
        "timeouts": {},
        "health": None,
        "rows": [{"a": 1, "b": ["x"]}, []],
    }

    assert dump(values) == (
        "description: Orders, the primary PostgreSQL\n"
        "url: postgresql://app@db.internal:5432/orders?sslmode=require&application_name=api\n"
        "password:\n"
        "  command:\n"
        "    - pass\n"
        "    - show\n"
        '    - "orders: all"\n'
        "pool:\n"
        "  size: 10\n"
        "  timeout: 2.5\n"
        "  use_lifo: false\n"
        "timeouts: {}\n"
        "health: null\n"
        "rows:\n"
        "  - a: 1\n"
        "    b:\n"
        "      - x\n"
        "  - []\n"
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("${ORDERS_PASSWORD}", "${ORDERS_PASSWORD}"),
        ("${POOL_SIZE:-10}", "${POOL_SIZE:-10}"),
        ("${URL:?set it to: a url}", '"${URL:?set it to: a url}"'),
        ("${X:-a #b}", '"${X:-a #b}"'),
        ("$${X", '"$${X"'),
    ],
)
def test_a_reference_is_quoted_where_yaml_would_tear_it(text, written):
    assert dump({"key": text}) == f"key: {written}\n"


@pytest.mark.parametrize(
    "text", ["", "no", "Off", "null", "~", "10", "1.5", "0x1f", "true", ".inf", " a", "a "]
)
def test_a_text_that_reads_as_something_else_without_quotes_has_them(text):
    assert dump({"key": text}) == f'key: "{text}"\n'


@pytest.mark.parametrize(
    ("character", "written"),
    [
        ("\x7f", "\\x7F"),
        ("\x85", "\\x85"),
        ("\xa0", "\\xA0"),
        ("\u2028", "\\u2028"),
        ("\ufeff", "\\uFEFF"),
        ("\U0001f600", "\\U0001F600"),
        ("\n", "\\n"),
        ("\x1b", "\\x1B"),
        ("\\", "\\\\"),
        ('"', '\\"'),
        ("é ", "é "),
    ],
)
def test_what_cannot_stand_in_a_file_is_escaped(character, written):
    assert dump({"key": character}) == f'key: "{written}"\n'


@pytest.mark.parametrize("value", ["\ud800", math.inf, math.nan, 10**50, {"k" * 1001: 1}])
def test_what_no_text_reads_as_is_refused(value):
    with pytest.raises(ValueError, match=r"profile|surrogate"):
        dump({"key": value})


def test_a_secret_does_not_get_into_a_file():
    with pytest.raises(TypeError, match="cannot hold a Secret"):
        dump({"password": Secret("hidden")})


def test_nothing_is_an_empty_mapping():
    assert dump({}) == "{}\n"

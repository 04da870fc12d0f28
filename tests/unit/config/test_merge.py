"""Layers merge by mapping, in whichever order neighbours are merged, and share what did not change."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st

from connmgr.config.merge import Alone, Layer, finish, merge, nulls, says

KEYS = st.sampled_from("abc")
LEAVES = st.one_of(st.none(), st.integers(0, 9), st.lists(st.integers(0, 9), max_size=2).map(tuple))


def layer(values: Mapping[str, object]) -> Layer:
    """Return nested values as `freeze` would, a mapping under the key "c" being one value."""
    frozen: dict[str, object] = {}
    for key, value in values.items():
        inner = layer(value) if isinstance(value, Mapping) else value
        frozen[key] = Alone(inner) if isinstance(inner, Mapping) and key == "c" else inner
    return MappingProxyType(frozen)


LAYERS = st.dictionaries(
    KEYS,
    st.recursive(LEAVES, lambda inner: st.dictionaries(KEYS, inner, max_size=3), max_leaves=8),
    max_size=3,
).map(layer)


@given(LAYERS, LAYERS, LAYERS)
def test_it_does_not_matter_which_two_of_three_are_merged_first(a: Layer, b: Layer, c: Layer) -> None:
    assert merge(merge(a, b), c) == merge(a, merge(b, c))


@given(st.lists(LAYERS, min_size=1, max_size=5))
def test_merging_is_applying_each_layer_to_what_the_ones_below_came_to(layers: list[Layer]) -> None:
    nothing: dict[str, object] = {}

    expected = reduce(applied, layers, nothing)

    assert finish(reduce(merge, layers)) == expected


def applied(below: dict[str, object], above: Mapping[str, object]) -> dict[str, object]:
    """The same in plain words: a mapping is gone through, null removes, all else replaces."""
    result = dict(below)
    for key, value in above.items():
        under = result.pop(key, None)
        if isinstance(value, Alone):
            result[key] = applied({}, value.values)
        elif isinstance(value, Mapping):
            result[key] = applied(under if isinstance(under, dict) else {}, value)
        elif value is not None:
            result[key] = value
    return result


@given(LAYERS)
def test_a_layer_merged_over_nothing_is_itself(one: Layer) -> None:
    assert merge(layer({}), one) == merge(one, layer({})) == one


def test_lists_and_scalars_replace_and_mappings_are_merged() -> None:
    below = layer({"a": {"a": 1, "b": 2}, "b": (1, 2)})

    merged = merge(below, layer({"a": {"b": 3}, "b": (4,)}))

    assert merged == {"a": {"a": 1, "b": 3}, "b": (4,)}


def test_a_mapping_over_a_null_hides_what_lies_below_both() -> None:
    upper = merge(layer({"a": None}), layer({"a": {"b": 1}}))

    assert finish(merge(layer({"a": {"a": 5}}), upper)) == {"a": {"b": 1}}


def test_what_is_in_one_layer_alone_is_shared_with_it() -> None:
    below, above = layer({"a": {"a": 1}}), layer({"b": {"a": 2}})

    merged = finish(merge(below, above))

    assert merged["a"] is below["a"]
    assert merged["b"] is above["b"]


def test_a_layer_without_nulls_is_finished_as_it_is() -> None:
    one = layer({"a": {"b": 1}})

    assert finish(one) is one


def test_nulls_are_found_at_any_depth_and_what_they_could_clear_too() -> None:
    below = merge(layer({"a": 1}), layer({"a": {"b": 1}, "b": None}))

    assert list(nulls(layer({"a": {"b": None, "a": 1}, "b": None}))) == [("a", "b"), ("b",)]
    assert says(below, ("a", "b"))
    assert not says(below, ("b",))
    assert not says(below, ("a", "b", "c"))

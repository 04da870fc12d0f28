"""Merge what a profile says over what it extends.

A mapping is merged key by key; anything else takes the place of what was there, and null clears it.
Merging is associative: it does not matter which two of three layers are merged first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from connmgr.config.paths import Path

Layer: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Alone:
    """A mapping that hides what lies below it.

    It took the place of something else, or is one value, such as `{file: PATH}`. Forgotten, a third layer
    further down would shine through it, and `{env: A}` would join with `{file: B}`.
    """

    values: Layer = field(repr=False)


def merge(below: Layer, above: Layer) -> Layer:
    """Return one layer that says what `above` says over `below`. Nulls stay, to clear what lies deeper."""
    merged = dict(below)
    for key, value in above.items():
        merged[key] = _over(merged[key], value) if key in merged else value
    return MappingProxyType(merged)


def _over(below: object, above: object) -> object:
    if not isinstance(above, Mapping):
        return above
    if isinstance(below, Mapping):
        return merge(below, above)
    if isinstance(below, Alone):
        return Alone(merge(below.values, above))
    return Alone(above)


def finish(layer: Layer) -> Layer:
    """Return the values of a layer that has nothing below: nulls dropped, what did not change shared."""
    finished = {key: _finished(value) for key, value in layer.items() if value is not None}
    if len(finished) == len(layer) and all(finished[key] is layer[key] for key in layer):
        return layer
    return MappingProxyType(finished)


def _finished(value: object) -> object:
    if isinstance(value, Mapping):
        return finish(value)
    return finish(value.values) if isinstance(value, Alone) else value


def nulls(layer: Layer, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every null."""
    for key, value in layer.items():
        if value is None:
            yield (*path, key)
        elif isinstance(value, Mapping):
            yield from nulls(value, (*path, key))


def says(layer: Layer, path: Path) -> bool:
    """Whether a layer has a value at `path` that can be cleared."""
    value: object = layer
    for key in path:
        value = value.values if isinstance(value, Alone) else value
        value = value.get(key) if isinstance(value, Mapping) else None
    return value is not None

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
"""Nested values in which every mapping is a `MappingProxyType`, or stands alone."""


@dataclass(frozen=True, slots=True)
class Alone:
    """A mapping that hides what lies below it.

    It took the place of something else, or is one value, such as `{file: PATH}`. Forgotten, a third layer
    further down would shine through it, and `{env: A}` would join with `{file: B}`.
    """

    values: Layer = field(repr=False)


def merge(below: Layer, above: Layer) -> Layer:
    """Return one layer that says what `above` says over `below`. Nulls stay, to clear what lies deeper."""
    merged = {**below, **above}
    for key, value in above.items():
        if isinstance(value, MappingProxyType) and key in below:
            merged[key] = _over(below[key], value)
    return MappingProxyType(merged)


def _over(below: object, above: Layer) -> object:
    if isinstance(below, MappingProxyType):
        return merge(below, above)
    return Alone(merge(below.values, above) if isinstance(below, Alone) else above)


def finish(layer: Layer) -> Layer:
    """Return the values of a layer that has nothing below: nulls and marks dropped, all else shared."""
    if _is_finished(layer):
        return layer
    finished = {key: _finished(value) for key, value in layer.items() if value is not None}
    return MappingProxyType(finished)


def _is_finished(layer: Layer) -> bool:
    for value in layer.values():
        if value is None or isinstance(value, Alone):
            return False
        if isinstance(value, MappingProxyType) and not _is_finished(value):
            return False
    return True


def _finished(value: object) -> object:
    if isinstance(value, MappingProxyType):
        return finish(value)
    return finish(value.values) if isinstance(value, Alone) else value


def nulls(layer: Layer, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every null."""
    for key, value in layer.items():
        if value is None:
            yield (*path, key)
        elif isinstance(value, MappingProxyType):
            yield from nulls(value, (*path, key))


def says(layer: Layer, path: Path) -> bool:
    """Whether a layer has a value at `path` that can be cleared."""
    value: object = layer
    for key in path:
        value = value.values if isinstance(value, Alone) else value
        value = value.get(key) if isinstance(value, MappingProxyType) else None
    return value is not None

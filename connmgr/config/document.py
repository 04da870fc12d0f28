"""The nodes of one YAML document, and the plain values and places they come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from connmgr.config.scalars import NotANumber, resolve, unsafe_character
from connmgr.problem import Place, Problem

Path: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text as it stands between its quotes; `plain` when it has none."""

    place: Place
    text: str = field(repr=False)
    plain: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    place: Place
    items: list[Node] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Pairs:
    """A mapping, its keys and values in turn as written, doubles and all."""

    place: Place
    items: list[Node] = field(default_factory=list)


Node: TypeAlias = Scalar | Sequence | Pairs


@dataclass(frozen=True, slots=True)
class Document:
    """What one file says. `values` is None when it could not be read as a whole.

    `places` maps a path to where its value stands, `keys` to where its key stands.
    """

    values: Mapping[str, object] | None = field(repr=False)
    places: Mapping[Path, Place] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    keys: Mapping[Path, Place] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    problems: tuple[Problem, ...] = ()


def build(root: Pairs) -> Document:
    """Return the values of a document whose nodes stay within the limits that `source` guards."""
    builder = _Builder()
    values = builder.mapping(root, ())
    places, keys = MappingProxyType(builder.places), MappingProxyType(builder.keys)
    return Document(values, places, keys, tuple(builder.problems))


class _Builder:
    """Gathers places and problems while the values are built."""

    def __init__(self) -> None:
        self.places: dict[Path, Place] = {}
        self.keys: dict[Path, Place] = {}
        self.problems: list[Problem] = []

    def mapping(self, node: Pairs, path: Path) -> dict[str, object]:
        values: dict[str, object] = {}
        for key_node, value_node in zip(node.items[::2], node.items[1::2], strict=True):
            key = self._key(key_node, path)
            if key is None:
                continue
            here = (*path, key)
            if key in values:
                first = self.keys[here].line
                self._report(key_node.place, here, f"the key stands here and in line {first}", "one of them")
                continue
            self.keys[here] = key_node.place
            values[key] = self._value(value_node, here)
        return values

    def _key(self, node: Node, path: Path) -> str | None:
        key = _resolved_key(node) if isinstance(node, Scalar) else None
        if not isinstance(node, Scalar) or not isinstance(key, str):
            self._report(node.place, path, "a key that is not text", "a key such as url")
            return None
        if key == "<<" and node.plain:
            self._report(node.place, path, "a merge key (<<)", "plain keys", "write the keys out")
            return None
        return key

    def _value(self, node: Node, path: Path) -> object:
        self.places[path] = node.place
        if isinstance(node, Pairs):
            return self.mapping(node, path)
        if isinstance(node, Sequence):
            return [self._value(item, (*path, str(index))) for index, item in enumerate(node.items)]
        return self._scalar(node, path)

    def _scalar(self, node: Scalar, path: Path) -> object:
        if unsafe := unsafe_character(node.text):
            hint = "end the key with >- instead of > or |" if node.text.endswith("\n") else ""
            self._report(node.place, path, f"{unsafe} inside a text", "text of one line", hint)
        if not node.plain:
            return node.text
        try:
            return resolve(node.text)
        except NotANumber as error:
            self._report(node.place, path, str(error), "a number that a person would write")
            return None

    def _report(self, place: Place, path: Path, found: str, accepted: str, hint: str = "") -> None:
        self.problems.append(Problem(place, dotted(path), found, accepted, hint))


def _resolved_key(node: Scalar) -> object:
    """Return what a key stands for; None for a number that is none."""
    if not node.plain:
        return node.text
    try:
        return resolve(node.text)
    except NotANumber:
        return None


def dotted(path: Path) -> str:
    """Return a path as messages show it: `pool.size`.

    Keys that are no words are left out: they may be a secret that slipped to the left of its colon.
    """
    return ".".join(key if is_word(key) else "…" for key in path)


def is_word(key: str) -> bool:
    """Whether a key looks like the name of a setting and may be shown."""
    return len(key) <= 40 and key.replace("_", "").replace("-", "").isalnum() and key.isascii()

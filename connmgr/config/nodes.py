"""The nodes of one YAML document, and the values and places they come to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias

from connmgr.config.document import Document
from connmgr.config.paths import Path, dotted, levels_above
from connmgr.config.places import Places, unpack
from connmgr.config.scalars import NotANumber, resolve, unsafe_character
from connmgr.problem import Code, Problem


class Scalar(NamedTuple):
    """A text as it stands between its quotes; `plain` when it has none. `place` is packed."""

    place: int
    text: str
    plain: bool

    def __repr__(self) -> str:
        # Without the text, which may be a secret.
        return f"Scalar({self.place}, plain={self.plain})"


class Sequence(NamedTuple):
    """A list."""

    place: int
    items: list[Node]


class Pairs(NamedTuple):
    """A mapping, its keys and values in turn as written, doubles and all."""

    place: int
    items: list[Node]


Node: TypeAlias = Scalar | Sequence | Pairs

_FORMS: Final = frozenset(["env", "file", "command"])
"""The keys that may stand below a secret. Whatever stands there in their place may be the secret."""


def build(root: Pairs, file: str, showable: frozenset[str]) -> Document:
    """Return the values of a document whose nodes stay within the limits that `careful` guards.

    The values of keys in `showable` may stand in a message; those of any other may be secrets.
    """
    builder = _Builder(file, showable)
    values = builder.mapping(root, ())
    places, keys = Places(file, builder.places), Places(file, builder.keys)
    return Document(values, places, keys, tuple(builder.problems))


class _Builder:
    """Gathers places and problems while the values are built."""

    def __init__(self, file: str, showable: frozenset[str]) -> None:
        self._file = file
        self._showable = showable
        self.places: dict[Path, int] = {}
        self.keys: dict[Path, int] = {}
        self.problems: list[Problem] = []

    def mapping(self, node: Pairs, path: Path) -> dict[str, object]:
        values: dict[str, object] = {}
        for key_node, value_node in zip(node.items[::2], node.items[1::2], strict=True):
            key = self._key(key_node, path)
            if key is None:
                continue
            here = (*path, key)
            if key in values:
                first = unpack(self.keys[here], self._file).line
                found = f"the key stands here and in line {first}"
                self._report(Code.KEY_TWICE, key_node.place, here, found, "one of them")
                continue
            self.keys[here] = key_node.place
            values[key] = self._value(value_node, here)
        return values

    def _key(self, node: Node, path: Path) -> str | None:
        key = _resolved_key(node) if isinstance(node, Scalar) else None
        if not isinstance(node, Scalar) or not isinstance(key, str):
            self._report(Code.KEY_KIND, node.place, path, "a key that is not text", "a key such as url")
            return None
        if key == "<<" and node.plain:
            hint = "write extends: NAME at the top to start from another file, or write the keys out"
            self._report(Code.MERGE_KEY, node.place, path, "a merge key (<<)", "plain keys", hint)
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
            self._report(
                Code.CONTROL_CHARACTER, node.place, path, f"{unsafe} inside a text", "text of one line", hint
            )
        if not node.plain:
            return node.text
        try:
            return resolve(node.text)
        except NotANumber as error:
            accepted = "a number that a person would write"
            self._report(Code.NUMBER, node.place, path, str(error), accepted)
            return None

    def _report(self, code: Code, place: int, path: Path, found: str, accepted: str, hint: str = "") -> None:
        place_of = unpack(place, self._file)
        shown = dotted(tuple(self._sayable(path)))
        self.problems.append(Problem(place_of, shown, found, accepted, hint, code=code))

    def _sayable(self, path: Path) -> Iterator[str]:
        """Yield a path up to the first key in the braces of what may be a secret: the key may be it."""
        above, hidden = levels_above(path), False
        for depth, key in enumerate(path, 1):
            is_key = path[:depth] in self.keys  # or the number of one in a list
            if hidden and is_key and key not in _FORMS:
                return
            yield key
            hidden |= is_key and depth > above and key not in self._showable


def _resolved_key(node: Scalar) -> object:
    """Return what a key stands for; None for a number that is none."""
    if not node.plain:
        return node.text
    try:
        return resolve(node.text)
    except NotANumber:
        return None

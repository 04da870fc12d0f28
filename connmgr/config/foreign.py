"""Read YAML of other programs, which has anchors and merge keys: text to values with their keys' lines.

A door to PyYAML of its own beside `config.source`, which refuses both in a profile. The same limits hold,
on the parser's events first: PyYAML's composer calls itself at every level, and deep nesting kills it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import yaml

DEEPEST: Final = 50
MOST_ALIASES: Final = 200
MOST_NODES: Final = 10_000

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE: Final = "<<"


class Unreadable(ValueError):
    """A text is no YAML, or more than a settings file has. The message holds nothing of the text."""

    def __init__(self, line: int, found: str) -> None:
        super().__init__(found)
        self.line = line


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar as it stands, not resolved; `plain` when it has no quotes."""

    text: str = field(repr=False)
    line: int
    plain: bool


@dataclass(frozen=True, slots=True)
class List:
    """A list, whose items nobody needs."""

    line: int


@dataclass(frozen=True, slots=True)
class Branch:
    """A mapping with what it merges. `doubled` are its keys that stand twice, with the first one's line.

    `is_base` tells whether another mapping merges it.
    """

    line: int
    values: dict[str, Value]
    doubled: tuple[tuple[str, int], ...] = ()
    is_base: bool = False


Value: TypeAlias = Text | List | Branch


def read_foreign(text: str) -> Value | None:
    """Return what the first document of a text says; None when it is empty.

    A merge key acts where it stands, and of two keys the last one counts: Ruby's way.

    Raises:
        Unreadable: with the line.
    """
    try:
        _guard(text)
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        # What is missing at the end is missing behind the last line.
        last = max(1, len(text.splitlines()))
        raise Unreadable(min(mark.line + 1, last) if mark else 1, "no YAML that can be read") from None
    return None if root is None else _Builder(root).value(root, 0, 1)


def _guard(text: str) -> None:
    depth = nodes = aliases = 0
    for event in yaml.parse(text, Loader=_LOADER):
        nodes += isinstance(event, yaml.NodeEvent)
        aliases += isinstance(event, yaml.AliasEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        line = event.start_mark.line + 1 if event.start_mark else 1
        if depth > DEEPEST:
            raise Unreadable(line, f"nesting deeper than {DEEPEST} levels")
        if nodes > MOST_NODES or aliases > MOST_ALIASES:
            raise Unreadable(line, f"more than {MOST_NODES:,} values or {MOST_ALIASES} aliases")


class _Builder:
    """Turns nodes into values; counts them with every alias in full, for ten lines can be billions."""

    def __init__(self, root: yaml.Node) -> None:
        self._count = 0
        self._bases = {id(base) for base in _merged(root, set())}

    def value(self, node: yaml.Node, depth: int, line: int) -> Value:
        """Return what a node says; `line` is its key's."""
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, depth, line)
        self._count_in(depth, line)
        if isinstance(node, yaml.ScalarNode):
            return Text(str(node.value), line, plain=not node.style)
        return List(line)

    def _count_in(self, depth: int, line: int) -> None:
        self._count += 1
        if self._count > MOST_NODES or depth > DEEPEST:
            raise Unreadable(line, f"more than {MOST_NODES:,} values or {DEEPEST} levels, aliases in full")

    def _mapping(self, node: yaml.MappingNode, depth: int, start: int) -> Branch:
        self._count_in(depth, start)
        values: dict[str, Value] = {}
        lines: dict[str, int] = {}
        doubled: list[tuple[str, int]] = []
        for key, child in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise Unreadable(line, "a key that is not text")
            if _is_merge(key):
                for base in _bases(child):
                    values |= self._mapping(base, depth + 1, line).values
                continue
            if key.value in lines:
                doubled.append((key.value, lines[key.value]))
            lines[key.value] = line
            values[key.value] = self.value(child, depth + 1, line)
        return Branch(start, values, tuple(doubled), id(node) in self._bases)


def _is_merge(key: yaml.ScalarNode) -> bool:
    return bool(key.value == _MERGE and not key.style)


def _bases(node: yaml.Node) -> list[yaml.MappingNode]:
    """Return what a merge key names, the one that wins last."""
    named = reversed(node.value) if isinstance(node, yaml.SequenceNode) else [node]
    bases = [base for base in named if isinstance(base, yaml.MappingNode)]
    if not bases:
        raise Unreadable(node.start_mark.line + 1, "a merge key (<<) without a mapping")
    return bases


def _merged(node: yaml.Node, seen: set[int]) -> Iterator[yaml.MappingNode]:
    """Yield every mapping that a merge key names, each node visited once."""
    if id(node) in seen or not isinstance(node, yaml.MappingNode):
        return
    seen.add(id(node))
    for key, child in node.value:
        if isinstance(key, yaml.ScalarNode) and _is_merge(key):
            yield from _bases(child)
        yield from _merged(child, seen)

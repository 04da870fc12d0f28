"""Read a document event by event as carefully as it takes to say everything that is wrong with it.

Places, doubled keys and aliases are still there in the parser's events, and what is too deep or too much is
refused before anything is built.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, NamedTuple

from connmgr.config.document import Document
from connmgr.config.encoding import LINE_END, line_count
from connmgr.config.nodes import Node, Pairs, Scalar, Sequence, build
from connmgr.config.paths import Path, dotted, levels_above
from connmgr.config.places import pack, unpack
from connmgr.config.references import unclosed
from connmgr.config.syntax import explain
from connmgr.config.torn import torn
from connmgr.problem import Code, Place, Problem

DEEPEST: Final = 50
MOST_ALIASES: Final = 50
MOST_NODES: Final = 50_000

_SETTINGS: Final = "settings such as url: sqlite://"


@dataclass(slots=True)
class _Open:
    """A collection that has begun and not ended; `height` counts the levels inside it so far."""

    node: Sequence | Pairs
    anchor: str | None
    nodes_before: int
    height: int = 0


class _Anchored(NamedTuple):
    """What an anchor names: `size` nodes, `height` levels, aliases counted in full."""

    node: Node
    size: int
    height: int


class CarefulReader:
    """Builds nodes from the events of one text, and stops at the first thing beyond a limit.

    Its owner hands it the events of PyYAML's, and the error that ends them, if one does.
    """

    def __init__(self, text: str, file: str, showable: frozenset[str]) -> None:
        self._problems: list[Problem] = []
        self._fatal = False
        self._text = text
        self._last_line = line_count(text)
        self._file = file
        self._showable = showable
        self._root: Node | None = None
        self._open: list[_Open] = []
        self._anchors: dict[str, _Anchored | None] = {}
        self._nodes = 0
        self._aliases = 0
        self._documents = 0

    def take(self, event: Any) -> bool:
        """Take the next event; False when the rest of the text is not to be read."""
        # By name, for PyYAML has one door, and it is not here.
        take = _TAKE.get(type(event).__name__)
        if take is not None:
            take(self, event)
        return not self._fatal

    def syntax(self, error: Exception) -> None:
        """Take the parser's error that ends the events."""
        self._fatal = True
        if self._torn(getattr(error, "problem_mark", None)):
            return
        mark, words = explain(error)
        path = self._path() if words.in_value else ""
        place = self._place(mark)
        problem = Problem(place, path, words.found, words.accepted, words.hint, code=Code.SYNTAX)
        self._problems.append(problem)

    def document(self) -> Document:
        """Return what the events came to and everything that is wrong with it."""
        if self._fatal:
            return Document(None, problems=tuple(self._problems))
        if not isinstance(self._root, Pairs):
            return Document(None, problems=(*self._problems, self._no_mapping()))
        built = build(self._root, self._file, self._showable)
        return replace(built, problems=(*self._problems, *built.problems))

    def _no_mapping(self) -> Problem:
        root = self._root
        if root is None or (isinstance(root, Scalar) and root.plain and root.text in {"", "~", "null"}):
            hint = "connmgr init DIR writes three profiles to start from"
            found = "the file is empty"
            return Problem(Place(self._file), "", found, _SETTINGS, hint, code=Code.NO_SETTINGS)
        kind = "a list" if isinstance(root, Sequence) else "a single text"
        hint = "" if isinstance(root, Sequence) else "a key needs a colon and a space after it"
        place, found = unpack(root.place, self._file), f"{kind} instead of settings"
        return Problem(place, "", found, _SETTINGS, hint, code=Code.NO_SETTINGS)

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            hint = "put it into a file of its own, and delete the line ---"
            found = "a second document in the file"
            self._stop(Code.SECOND_DOCUMENT, event, found, "one profile a file", hint)

    def _alias(self, event: Any) -> None:
        self._aliases += 1
        if self._aliases > MOST_ALIASES:
            self._stop(Code.ALIAS, event, f"more than {MOST_ALIASES} aliases", "values written out")
        elif event.anchor not in self._anchors:
            self._stop(Code.ALIAS, event, "an alias without its anchor", "an anchor (&name) above it")
        elif (known := self._anchors[event.anchor]) is None:
            self._stop(Code.ALIAS, event, "an alias inside its own anchor", "values written out")
        else:
            self._count(event, known.size)
            self._check_depth(event, known.height)
            # The value stands where its alias does; what is inside it, where it was written.
            self._add(known.node._replace(place=self._packed(event.start_mark)))
            self._reach(known.height)

    def _scalar(self, event: Any) -> None:
        self._check_tag(event)
        self._count(event, 1)
        text, plain = event.value, not event.style
        node = Scalar(self._packed(event.start_mark), text, plain)
        if event.anchor:
            self._anchors[event.anchor] = _Anchored(node, 1, 0)
        self._add(node)
        if plain and "$" in text and unclosed(text):
            self._torn(event.end_mark)

    def _sequence(self, event: Any) -> None:
        self._begin(event, Sequence(self._packed(event.start_mark), []))

    def _mapping(self, event: Any) -> None:
        self._begin(event, Pairs(self._packed(event.start_mark), []))

    def _begin(self, event: Any, node: Sequence | Pairs) -> None:
        self._check_tag(event)
        self._check_depth(event, 1)
        self._count(event, 1)
        if event.anchor:
            self._anchors[event.anchor] = None
        self._add(node)
        self._open.append(_Open(node, event.anchor, self._nodes - 1))

    def _end(self, _event: Any) -> None:
        ended = self._open.pop()
        height = ended.height + 1
        self._reach(height)
        if ended.anchor:
            self._anchors[ended.anchor] = _Anchored(ended.node, self._nodes - ended.nodes_before, height)

    def _add(self, node: Node) -> None:
        if self._open:
            self._open[-1].node.items.append(node)
        else:
            self._root = node

    def _reach(self, height: int) -> None:
        if self._open and self._open[-1].height < height:
            self._open[-1].height = height

    def _check_depth(self, event: Any, height: int) -> None:
        if len(self._open) + height > DEEPEST:
            found = f"nesting deeper than {DEEPEST} levels"
            self._stop(Code.TOO_DEEP, event, found, "the levels of the schema")

    def _count(self, event: Any, size: int) -> None:
        self._nodes += size
        if self._nodes > MOST_NODES:
            found = f"more than {MOST_NODES:,} values, aliases counted in full"
            self._stop(Code.TOO_MANY_VALUES, event, found, "a profile of a few dozen lines")

    def _check_tag(self, event: Any) -> None:
        if event.tag is not None:
            place = self._place(event.start_mark)
            hint = "delete the tag, or quote the text"
            problem = Problem(place, self._path(), "a tag (!)", "plain values", hint, code=Code.TAG)
            self._problems.append(problem)

    def _stop(self, code: Code, event: Any, found: str, accepted: str, hint: str = "") -> None:
        self._fatal = True
        place = self._place(event.start_mark)
        problem = Problem(place, self._path(), found, accepted, hint, code=code)
        self._problems.append(problem)

    def _torn(self, mark: Any) -> bool:
        problem = torn(self._lines, self._mark(mark), self._path(), self._showable)
        # The parser may stumble over the rest of a reference that a plain text already ended in.
        if problem is not None and problem not in self._problems:
            self._problems.append(problem)
        return problem is not None

    def _path(self) -> str:
        """Return the path of the key that was read last."""
        keys: list[str] = []
        for node in (entry.node for entry in self._open):
            if isinstance(node, Pairs) and node.items:
                key = node.items[(len(node.items) - 1) // 2 * 2]
                keys.append(key.text if isinstance(key, Scalar) else "")
        # A torn reference makes a key of what was to be a value: the problem is the value's.
        if keys and unclosed(keys[-1]):
            keys.pop()
        return dotted(tuple(self._sayable((*keys,))))

    def _sayable(self, keys: Path) -> Iterator[str]:
        """Yield keys up to the first whose value may be a secret: what stands in its braces may be it."""
        above = levels_above(keys)
        for depth, key in enumerate(keys):
            yield key
            if depth >= above and key not in self._showable:
                return

    @cached_property
    def _lines(self) -> list[str]:
        return LINE_END.split(self._text)

    def _mark(self, mark: Any) -> Place:
        return unpack(pack(mark.line, mark.column), self._file) if mark else Place(self._file)

    def _place(self, mark: Any) -> Place:
        return unpack(self._packed(mark), self._file) if mark else Place(self._file)

    def _packed(self, mark: Any) -> int:
        """Return the place of a mark; what stands after the last line counts as at its end."""
        if mark.line < self._last_line:
            return pack(mark.line, mark.column)
        return pack(self._last_line - 1, len(self._lines[self._last_line - 1]))


_TAKE: Final[dict[str, Callable[[CarefulReader, Any], None]]] = {
    "DocumentStartEvent": CarefulReader._document,
    "AliasEvent": CarefulReader._alias,
    "ScalarEvent": CarefulReader._scalar,
    "SequenceStartEvent": CarefulReader._sequence,
    "SequenceEndEvent": CarefulReader._end,
    "MappingStartEvent": CarefulReader._mapping,
    "MappingEndEvent": CarefulReader._end,
}

"""Read the YAML of one profile file: bytes to plain values with their places. The one door to PyYAML.

Works on the parser's events: places, doubled keys and aliases are still there, and what is too deep or too
much is refused before anything is built.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import yaml

from connmgr.config.document import Document, Node, Pairs, Scalar, Sequence, build, dotted
from connmgr.config.encoding import decode, line_count
from connmgr.config.syntax import explain
from connmgr.config.torn import torn, unclosed
from connmgr.problem import Place, Problem

DEEPEST: Final = 50
MOST_ALIASES: Final = 50
MOST_NODES: Final = 100_000

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SETTINGS: Final = "settings such as url: sqlite://"


def read(data: bytes, file: str, showable: frozenset[str] = frozenset()) -> Document:
    """Return what a file says and everything that is wrong with its YAML.

    The values of keys in `showable` may stand in a message; those of any other may be secrets.
    """
    text, problems = decode(data, file)
    if problems:
        return Document(None, problems=problems)
    reader = _Reader(text, file, showable)
    root = reader.read()
    if reader.fatal:
        return Document(None, problems=tuple(reader.problems))
    if not isinstance(root, Pairs):
        return Document(None, problems=(*reader.problems, reader.no_mapping(root)))
    document = build(root)
    return Document(document.values, document.places, document.keys, (*reader.problems, *document.problems))


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


class _Reader:
    """Builds nodes from the events of one text, and stops at the first thing beyond a limit."""

    def __init__(self, text: str, file: str, showable: frozenset[str]) -> None:
        self.problems: list[Problem] = []
        self.fatal = False
        self._text = text
        self._lines = text.splitlines()
        self._last_line = line_count(text)
        self._file = file
        self._showable = showable
        self._root: Node | None = None
        self._open: list[_Open] = []
        self._anchors: dict[str, _Anchored | None] = {}
        self._nodes = 0
        self._aliases = 0
        self._documents = 0

    def read(self) -> Node | None:
        """Return the root node of the first document, None when there is none."""
        try:
            for event in yaml.parse(self._text, Loader=_LOADER):
                self._take(event)
                if self.fatal:
                    break
        except yaml.YAMLError as error:
            self._syntax(error)
        return self._root

    def no_mapping(self, root: Node | None) -> Problem:
        """Return the problem with a document that is not a mapping."""
        if root is None or (isinstance(root, Scalar) and root.plain and root.text in {"", "~", "null"}):
            hint = "connmgr init DIR writes three profiles to start from"
            return Problem(Place(self._file), "", "the file is empty", _SETTINGS, hint)
        kind = "a list" if isinstance(root, Sequence) else "a single text"
        hint = "" if isinstance(root, Sequence) else "a key needs a colon and a space after it"
        return Problem(root.place, "", f"{kind} instead of settings", _SETTINGS, hint)

    def _take(self, event: yaml.Event) -> None:
        match event:
            case yaml.DocumentStartEvent():
                self._document(event)
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.SequenceStartEvent():
                self._begin(event, Sequence(self._place(event.start_mark)))
            case yaml.MappingStartEvent():
                self._begin(event, Pairs(self._place(event.start_mark)))
            case yaml.CollectionEndEvent():
                self._end()

    def _document(self, event: yaml.DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            hint = "put it into a file of its own, and delete the line ---"
            self._stop(event.start_mark, "a second document in the file", "one profile a file", hint)

    def _alias(self, event: yaml.AliasEvent) -> None:
        self._aliases += 1
        if self._aliases > MOST_ALIASES:
            self._stop(event.start_mark, f"more than {MOST_ALIASES} aliases", "values written out")
        elif event.anchor not in self._anchors:
            self._stop(event.start_mark, "an alias without its anchor", "an anchor (&name) above it")
        elif (known := self._anchors[event.anchor]) is None:
            self._stop(event.start_mark, "an alias inside its own anchor", "values written out")
        else:
            self._count(event, known.size)
            self._check_depth(event, known.height)
            self._add(known.node, known.height)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._check_tag(event)
        self._count(event, 1)
        node = Scalar(self._place(event.start_mark), event.value, plain=not event.style)
        if event.anchor:
            self._anchors[event.anchor] = _Anchored(node, 1, 0)
        self._add(node, 0)
        if node.plain and unclosed(node.text):
            self._torn(self._mark(event.end_mark))

    def _begin(self, event: yaml.CollectionStartEvent, node: Sequence | Pairs) -> None:
        self._check_tag(event)
        self._check_depth(event, 1)
        self._count(event, 1)
        if event.anchor:
            self._anchors[event.anchor] = None
        self._add(node, 1)
        self._open.append(_Open(node, event.anchor, self._nodes - 1))

    def _end(self) -> None:
        ended = self._open.pop()
        height = ended.height + 1
        if self._open:
            self._open[-1].height = max(self._open[-1].height, height)
        if ended.anchor:
            self._anchors[ended.anchor] = _Anchored(ended.node, self._nodes - ended.nodes_before, height)

    def _add(self, node: Node, height: int) -> None:
        if not self._open:
            self._root = node
            return
        self._open[-1].node.items.append(node)
        self._open[-1].height = max(self._open[-1].height, height)

    def _check_depth(self, event: yaml.NodeEvent, height: int) -> None:
        if len(self._open) + height > DEEPEST:
            self._stop(event.start_mark, f"nesting deeper than {DEEPEST} levels", "the levels of the schema")

    def _count(self, event: yaml.NodeEvent, size: int) -> None:
        self._nodes += size
        if self._nodes > MOST_NODES:
            found = f"more than {MOST_NODES:,} values, aliases counted in full"
            self._stop(event.start_mark, found, "a profile of a few dozen lines")

    def _check_tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.tag is not None:
            place = self._place(event.start_mark)
            problem = Problem(
                place, self._path(), "a tag (!)", "plain values", "delete the tag, or quote the text"
            )
            self.problems.append(problem)

    def _stop(self, mark: Any, found: str, accepted: str, hint: str = "") -> None:
        self.fatal = True
        self.problems.append(Problem(self._place(mark), self._path(), found, accepted, hint))

    def _torn(self, place: Place) -> bool:
        problem = torn(self._lines, place, self._path(), self._showable)
        # The parser may stumble over the rest of a reference that a plain text already ended in.
        if problem is not None and problem not in self.problems:
            self.problems.append(problem)
        return problem is not None

    def _syntax(self, error: yaml.YAMLError) -> None:
        self.fatal = True
        if self._torn(self._mark(getattr(error, "problem_mark", None))):
            return
        mark, words = explain(error)
        path = self._path() if words.in_value else ""
        self.problems.append(Problem(self._place(mark), path, words.found, words.accepted, words.hint))

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
        return dotted(tuple(keys))

    def _mark(self, mark: Any) -> Place:
        return Place(self._file, mark.line + 1, mark.column + 1) if mark else Place(self._file)

    def _place(self, mark: Any) -> Place:
        """Return the place of a mark; what stands after the last line counts as at its end."""
        place = self._mark(mark)
        if place.line <= self._last_line:
            return place
        return Place(self._file, self._last_line, len(self._lines[-1]) + 1 if self._lines else 1)

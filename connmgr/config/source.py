"""Read the YAML of one profile file: bytes to plain values with their places. The one door to PyYAML.

Works on the parser's events. Nearly every document is ordinary, and the quick reader builds its values
straight from them; any other goes to the careful reader, which alone has words for what is wrong.
"""

from __future__ import annotations

from typing import Any, Final

import yaml
from yaml import (
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from connmgr.config.document import Document
from connmgr.config.encoding import decode
from connmgr.config.paths import Path
from connmgr.config.places import Places, pack
from connmgr.config.references import unclosed
from connmgr.config.scalars import NotANumber, resolve, unsafe_character
from connmgr.config.trail import ROOT, Trail

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# A text as short as this cannot hold as many values as the careful reader would refuse.
_QUICK_LENGTH: Final = 64 * 1024
_QUICK_DEPTH: Final = 8


def read(data: bytes, file: str, showable: frozenset[str] = frozenset()) -> Document:
    """Return what a file says and everything that is wrong with its YAML.

    The values of keys in `showable` may stand in a message; those of any other may be secrets.
    """
    text, problems = decode(data, file)
    if problems:
        return Document(None, problems=problems)
    return quick(text, file) or careful(text, file, showable)


def quick(text: str, file: str) -> Document | None:
    """Return what a text says; None when there is anything in it that may need care, or a word.

    The text is one that `decode` found nothing wrong with, here and in `careful`: in any other, PyYAML's
    places are not those that an editor shows.
    """
    if len(text) > _QUICK_LENGTH:
        return None
    try:
        reader = _QuickReader(text)
        values = reader.document()
    except (_UnusualError, NotANumber, yaml.YAMLError):
        return None
    return Document(values, Places(file, reader.places), Places(file, reader.keys))


def careful(text: str, file: str, showable: frozenset[str]) -> Document:
    """Return what a text says and everything that is wrong with it."""
    # Imported late: files without a mistake do without it, and a command starts sooner.
    from connmgr.config.careful import CarefulReader

    reader = CarefulReader(text, file, showable)
    try:
        for event in iter(_LOADER(text).get_event, None):
            if not reader.take(event):
                break
    except yaml.YAMLError as error:
        reader.syntax(error)
    return reader.document()


class _UnusualError(Exception):
    """There is something in the document that the careful reader should see."""


class _QuickReader:
    """Builds values and places from the events of one text, once through, with no word for any mistake."""

    def __init__(self, text: str) -> None:
        self.places: dict[Path, int] = {}
        self.keys: dict[Path, int] = {}
        self._next = _LOADER(text).get_event
        self._end = len(text)

    def document(self) -> dict[str, object]:
        """Return the values of the one document.

        Raises:
            _UnusualError, NotANumber, YAMLError: it is none, or there is something else about it.
        """
        self._next()
        if type(self._next()) is not DocumentStartEvent:
            raise _UnusualError
        event = self._next()
        if type(event) is not MappingStartEvent or event.anchor or event.tag:
            raise _UnusualError
        values = self._mapping(ROOT)
        self._next()
        if type(self._next()) is not StreamEndEvent:
            raise _UnusualError
        return values

    def _mapping(self, trail: Trail) -> dict[str, object]:
        if len(trail.path) >= _QUICK_DEPTH:
            raise _UnusualError
        values: dict[str, object] = {}
        keys, below, next_event = self.keys, trail.below, self._next
        while type(event := next_event()) is ScalarEvent:
            further = below.get(event.value) or trail.step(event.value)
            if further is None or further.key in values or event.anchor or event.tag:
                raise _UnusualError
            mark: Any = event.start_mark
            keys[further.path] = pack(mark.line, mark.column)
            values[further.key] = self._value(next_event(), further)
        if type(event) is not MappingEndEvent:
            raise _UnusualError
        return values

    def _value(self, event: Any, trail: Trail) -> object:
        kind, mark = type(event), event.start_mark
        if event.anchor or event.tag or mark.index >= self._end:
            raise _UnusualError
        self.places[trail.path] = pack(mark.line, mark.column)
        if kind is ScalarEvent:
            return _scalar(event.value, plain=not event.style)
        return self._mapping(trail) if kind is MappingStartEvent else self._sequence(trail)

    def _sequence(self, trail: Trail) -> list[object]:
        if len(trail.path) >= _QUICK_DEPTH:
            raise _UnusualError
        values: list[object] = []
        while type(event := self._next()) is not SequenceEndEvent:
            values.append(self._value(event, trail.item(len(values))))
        return values


def _scalar(text: str, *, plain: bool) -> object:
    # The first test of each pair is quick, and nearly always the last.
    if not text.isprintable() and unsafe_character(text):
        raise _UnusualError
    if not plain:
        return text
    if "$" in text and unclosed(text):
        raise _UnusualError
    return resolve(text)

"""One profile or base as its file has it, before what it extends is merged in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeAlias

from connmgr.config.document import Document
from connmgr.config.files import is_base, is_name
from connmgr.config.merge import Layer
from connmgr.config.nested import freeze
from connmgr.config.places import Places
from connmgr.config.validate import validate
from connmgr.problem import Place, Problem

Problems: TypeAlias = tuple[Problem, ...]

_NOTHING: Final[Layer] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Entry:
    """What one file says of one name. `place` is where it begins; `defaults` what holds for the
    whole file.

    `values` is empty and `is_broken` true when something is wrong with it.
    """

    name: str
    place: Place
    values: Layer = field(repr=False)
    places: Places = field(repr=False)
    extends: tuple[str, ...] = ()
    defaults: Entry | None = None
    is_broken: bool = False


def single(name: str, file: str, document: Document) -> tuple[Entry, Problems]:
    """Return the entry of a file that holds one profile or base, and what is wrong with it."""
    problems = (*document.problems, *validate(document, file, "base" if is_base(name) else "profile"))
    return make(name, Place(file), document, broken=has_errors(problems)), problems


def make(
    name: str, place: Place, document: Document, defaults: Entry | None = None, *, broken: bool
) -> Entry:
    """Return the entry of a document that holds the values of one name."""
    values = dict(document.values or {})
    names = _names(values.pop("extends", ()))
    if broken or document.values is None:
        return Entry(name, place, _NOTHING, document.places, names, defaults, is_broken=True)
    return Entry(name, place, freeze(values), document.places, names, defaults)


def _names(extends: object) -> tuple[str, ...]:
    """Return the names to extend; in a broken entry may stand anything."""
    names = extends if isinstance(extends, list) else [extends]
    return tuple(name for name in names if isinstance(name, str) and is_name(name.removeprefix("_")))


def has_errors(problems: Iterable[Problem]) -> bool:
    """Whether there is more among the problems than warnings."""
    return any(not problem.code.is_warning for problem in problems)

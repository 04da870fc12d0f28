"""One profile or base as its file has it, before what it extends is merged in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeAlias

from connmgr.config.document import Document
from connmgr.config.files import is_base, is_name
from connmgr.config.merge import Layer
from connmgr.config.nested import freeze
from connmgr.config.paths import Path, dotted
from connmgr.config.places import Places
from connmgr.config.validate import validate
from connmgr.problem import Place, Problem

Problems: TypeAlias = tuple[Problem, ...]

NOTHING: Final[Layer] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """What one file says of one name, and what is wrong with that.

    `place` is where it begins, `within` the keys of its file that lead to it. `defaults` is the name under
    which the defaults of its file are known, empty when it has none. Broken, it has only the `values` that
    nothing is wrong with.
    """

    name: str
    place: Place
    values: Layer = field(repr=False)
    places: Places = field(repr=False)
    extends: tuple[str, ...] = ()
    problems: Problems = ()
    is_broken: bool = False
    defaults: str = ""
    within: tuple[str, ...] = ()

    @property
    def below(self) -> tuple[str, ...]:
        """What it is merged over, the last having the first word."""
        return (self.defaults, *self.extends) if self.defaults else self.extends


def single(name: str, file: str, document: Document) -> Entry:
    """Return the entry of a file that holds one profile or base."""
    wrong = validate(document, file, "base" if is_base(name) else "profile")
    return make(name, Place(file), document, (*document.problems, *wrong))


def make(
    name: str,
    place: Place,
    document: Document,
    problems: Problems,
    defaults: str = "",
    within: tuple[str, ...] = (),
) -> Entry:
    """Return the entry of a document that holds the values of one name."""
    values = document.values or NOTHING
    extends = _names(values["extends"]) if "extends" in values else ()
    broken = document.values is None or (bool(problems) and has_errors(problems))
    if broken:
        values = _faultless(values, {problem.path for problem in problems}, dotted(within))
    own = {key: value for key, value in values.items() if key != "extends"} if "extends" in values else values
    layer = freeze(own)
    return Entry(name, place, layer, document.places, extends, problems, broken, defaults, within)


def _names(extends: object) -> tuple[str, ...]:
    """Return the names to extend; none when one of them is no name, for that is said already."""
    names: list[object] = extends if isinstance(extends, list) else [extends]
    fit = [name for name in names if isinstance(name, str) and is_name(name.removeprefix("_"))]
    return tuple(fit) if len(fit) == len(names) else ()


def _faultless(values: Layer, paths: Set[str], within: str) -> Layer:
    if not paths.isdisjoint(("", within)):
        return NOTHING
    return _without(values, {tuple(path.removeprefix(f"{within}.").split(".")) for path in paths})


def _without(values: Layer, paths: Set[Path]) -> Layer:
    """Return values without those at `paths`; one in a list takes the list along.

    In one pass, for a stranger's file may have a problem with each of ten thousand keys.
    """
    leading = {path[:length] for path in paths for length in range(1, len(path))}

    def rest(inside: Layer, above: Path) -> Layer:
        kept: dict[str, object] = {}
        for key, value in inside.items():
            here = (*above, key)
            if here in leading and isinstance(value, Mapping) and here not in paths:
                kept[key] = rest(value, here)
            elif here not in leading and here not in paths:
                kept[key] = value
        return kept

    return rest(values, ())


def has_errors(problems: Iterable[Problem]) -> bool:
    """Whether there is more among the problems than warnings."""
    return any(not problem.code.is_warning for problem in problems)

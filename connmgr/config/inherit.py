"""Merge a profile with the bases that it extends, each base resolved once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from connmgr.config.entry import Entry
from connmgr.config.familiar import value_advice
from connmgr.config.merge import Layer, finish, merge, nulls, says
from connmgr.config.paths import Path, dotted
from connmgr.config.places import Places
from connmgr.config.schema import is_secret, is_text
from connmgr.problem import Code, Place, Problem

MOST_LEVELS: Final = 10

Find: TypeAlias = Callable[[str], Entry | None]
Names: TypeAlias = Callable[[], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Family:
    """An entry with everything that it extends merged in, nulls kept: it may be extended itself."""

    layer: Layer = field(repr=False)
    places: Places = field(repr=False)


class Heritage:
    """Resolves entries; `find` gives the entry of a name, `names` those there are, for a message.

    `problems` is what was wrong on the way, each thing once, where it stands.
    """

    def __init__(self, find: Find, names: Names) -> None:
        self.problems: list[Problem] = []
        self._find = find
        self._names = names
        self._known: dict[str, Family | None] = {}
        self._rings: set[frozenset[str]] = set()

    def values(self, entry: Entry) -> tuple[Layer, Places] | None:
        """Return the merged values of a profile; None when it, or a base of it, has a problem."""
        family = self._family(entry, (entry.name,))
        return None if family is None else (finish(family.layer), family.places)

    def _family(self, entry: Entry, trail: tuple[str, ...]) -> Family | None:
        # Of a broken entry too: what is wrong with its bases is said in the same round.
        below = list(self._below(entry, trail))
        found = [family for family in below if family is not None]
        if entry.is_broken or len(found) < len(below):
            return None
        return self._over(entry, found) if found else Family(entry.values, entry.places)

    def _below(self, entry: Entry, trail: tuple[str, ...]) -> Iterator[Family | None]:
        if entry.defaults is not None:
            yield self._family(entry.defaults, (*trail, entry.defaults.name))
        for index, name in enumerate(entry.extends):
            yield self._base(name, _extends_place(entry, index), trail)

    def _base(self, name: str, place: Place, trail: tuple[str, ...]) -> Family | None:
        if name in trail:
            self._report_ring(trail[trail.index(name) :], place)
            return None
        if name in self._known:
            return self._known[name]
        entry = self._find(name)
        if entry is None:
            self.problems.append(self._missing(name, place))
            return None
        if len(trail) > MOST_LEVELS:
            self.problems.append(_too_deep(place, trail))
            return None
        # Not kept while it is resolved: in a ring, where it ends depends on where one entered.
        family = self._family(entry, (*trail, name))
        self._known[name] = family
        return family

    def _over(self, entry: Entry, below: list[Family]) -> Family | None:
        layer = below[0].layer
        for family in below[1:]:
            layer = merge(layer, family.layer)
        if not entry.name.startswith("_") and (needless := list(_needless(entry, layer))):
            self.problems += needless
            return None
        places = entry.places.over(tuple(family.places for family in below))
        return Family(merge(layer, entry.values), places)

    def _missing(self, name: str, place: Place) -> Problem:
        from connmgr.config.diagnostics import did_you_mean

        names = sorted(self._names())
        bases = [known for known in names if known.startswith("_")]
        hint = did_you_mean(name, names) or f"there are the bases {', '.join(bases[:20]) or 'of none'}"
        found = f"{name}, which no file has"
        return Problem(
            place, "extends", found, "the name of a base or a profile", hint, code=Code.BASE_MISSING
        )

    def _report_ring(self, ring: tuple[str, ...], place: Place) -> None:
        # Whoever is in the ring comes round to it: one ring, one message.
        if frozenset(ring) not in self._rings:
            self._rings.add(frozenset(ring))
            self.problems.append(_cycle(ring, place))


def _extends_place(entry: Entry, index: int) -> Place:
    path: Path = ("extends",)
    return entry.places.get((*path, str(index))) or entry.places.get(path) or entry.place


def _cycle(ring: tuple[str, ...], place: Place) -> Problem:
    found = f"a ring of bases: {' extends '.join((*ring, ring[0]))}"
    return Problem(place, "extends", found, "bases that end", "take one of them out", code=Code.BASE_CYCLE)


def _too_deep(place: Place, trail: tuple[str, ...]) -> Problem:
    found = f"bases more than {MOST_LEVELS} levels deep: {' extends '.join(trail)}"
    hint = "extend several bases with a list instead of one through another"
    return Problem(place, "extends", found, f"{MOST_LEVELS} levels at most", hint, code=Code.BASE_DEPTH)


def _needless(entry: Entry, below: Layer) -> Iterator[Problem]:
    for path in nulls(entry.values):
        if not says(below, path):
            hint = value_advice(None, secret=is_secret(path), text=is_text(path))
            found = "found nothing, and no base has a value that it could clear"
            place = entry.places[path]
            yield Problem(place, dotted(path), found, "a value", hint, code=Code.NOTHING_TO_CLEAR)

"""Merge profiles over what they extend, each base once; find rings, chains and names that lead nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Final, TypeAlias

from connmgr.config.entry import Entry
from connmgr.config.files import is_base
from connmgr.config.merge import Layer, merge, nulls, says
from connmgr.config.missing import Missing
from connmgr.config.paths import dotted
from connmgr.config.schema import is_secret, is_text
from connmgr.problem import Code, Place, Problem

MOST_LEVELS: Final = 10
MOST_BASES: Final = 100

Find: TypeAlias = Callable[[str], Entry | None]
Names: TypeAlias = Callable[[], Iterable[str]]


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """An entry with everything that it extends merged in, nulls kept: it may be extended itself.

    `lineage` has all of these entries, each once, in the order in which they were merged.
    """

    layer: Layer = field(repr=False)
    lineage: tuple[Entry, ...] = field(repr=False)
    levels: int = 0


class Heritage:
    """Resolves entries; `find` gives the entry of a name, `names` those there are, for a message.

    `problems` is what was wrong on the way, each thing once, where it stands.
    """

    def __init__(self, find: Find, names: Names) -> None:
        self.problems: list[Problem] = []
        self._find = find
        self._missing = Missing(names)
        self._known: dict[str, Family | None] = {}

    def family(self, entry: Entry) -> Family | None:
        """Return an entry with what it extends; None when it, or a base of it, has a problem."""
        if not entry.below:
            return self._merged(entry)
        if entry.name not in self._known:
            self._resolve(entry)
        return self._known[entry.name]

    def _resolve(self, entry: Entry) -> None:
        # With a stack of its own: a stranger's files may extend one another further than Python calls.
        # What an entry needs is resolved before it, and so never depends on where one came from.
        pending = {entry.name: (entry, enumerate(entry.below))}
        barred: set[str] = set()
        while pending:
            entry, rest = next(reversed(pending.values()))
            for index, name in rest:
                base = None if name in self._known or name in pending else self._find(name)
                if base is not None:
                    pending[name] = base, enumerate(base.below)
                    break
                if name not in self._known:
                    barred.add(entry.name)
                    self._report_unresolved(entry, index, [*pending])
            else:
                del pending[entry.name]
                self._known[entry.name] = None if entry.name in barred else self._merged(entry)

    def _merged(self, entry: Entry) -> Family | None:
        if not entry.below:
            return None if entry.is_broken else Family(entry.values, (entry,))
        bases = [base for name in entry.below if (base := self._known[name]) is not None]
        if entry.is_broken or len(bases) < len(entry.below):
            return None
        below = reduce(merge, (base.layer for base in bases))
        family = Family(merge(below, entry.values), _lineage(entry, bases), 1 + max(b.levels for b in bases))
        if wrong := [*self._too_deep(entry, family), *_needless(entry, below)]:
            self.problems += wrong
            return None
        return family

    def _report_unresolved(self, entry: Entry, index: int, pending: Sequence[str]) -> None:
        name, place = entry.below[index], _place(entry, index)
        if name in pending:
            ring = _chain((*pending[pending.index(name) :], name))
            found, accepted, hint = f"a ring of bases: {ring}", "bases that end", "take one of them out"
            problem = Problem(place, _path(entry), found, accepted, hint, code=Code.BASE_CYCLE)
        else:
            problem = self._missing.problem(entry, name, place, _path(entry))
        self.problems.append(problem)

    def _too_deep(self, entry: Entry, family: Family) -> Iterator[Problem]:
        if family.levels > MOST_LEVELS:
            found = f"bases more than {MOST_LEVELS} levels deep: {' extends '.join(self._deepest(entry))}"
            hint = "extend several bases with a list instead of one through another"
            accepted = f"at most {MOST_LEVELS} levels"
        elif len(family.lineage) > MOST_BASES + 1:
            found, accepted = f"{len(family.lineage) - 1} bases in all", f"at most {MOST_BASES}"
            hint = "merge some of them into one"
        else:
            return
        yield Problem(_place(entry, 0), _path(entry), found, accepted, hint, code=Code.BASE_DEPTH)

    def _deepest(self, entry: Entry) -> Iterator[str]:
        yield entry.name
        known = ((family.levels, name) for name in entry.below if (family := self._known[name]))
        _, name = max(known, default=(0, ""))
        if name and (base := self._find(name)):
            yield from self._deepest(base)


def _lineage(entry: Entry, bases: Sequence[Family]) -> tuple[Entry, ...]:
    if len(bases) == 1:
        return (*bases[0].lineage, entry)
    # The last time an entry comes up decides. And each once: bases of bases could be reached in so many ways
    # that looking for a place in each would never end.
    last = {one.name: one for base in reversed(bases) for one in reversed(base.lineage)}
    return (*reversed(last.values()), entry)


def _chain(names: Sequence[str]) -> str:
    # The ends alone of a long one: of a stranger's rings, each could name thousands.
    shown = names if len(names) <= MOST_LEVELS else (*names[:4], "…", *names[-4:])
    return " extends ".join(shown)


def _path(entry: Entry) -> str:
    return dotted((*entry.within, "extends"))


def _place(entry: Entry, index: int) -> Place:
    """Return the place of the name with this index among what is below the entry."""
    item = ("extends", str(index - (1 if entry.defaults else 0)))
    return entry.places.get(item) or entry.places.get(("extends",)) or entry.place


def _needless(entry: Entry, below: Layer) -> Iterator[Problem]:
    if is_base(entry.name) or entry.within == ("defaults",):
        return
    for path in nulls(entry.values):
        if not says(below, path):
            # With advice for every mistake there is, and difflib.
            from connmgr.config.familiar import value_advice

            hint = value_advice(path, None, secret=is_secret(path), text=is_text(path))
            found = "found nothing, and no base has a value that it could clear"
            shown = dotted((*entry.within, *path))
            yield Problem(entry.places[path], shown, found, "a value", hint, code=Code.NOTHING_TO_CLEAR)

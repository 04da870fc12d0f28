"""Make a profile of an entry and what it extends, and say what is wrong with it as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from connmgr.config.contradictions import contradictions
from connmgr.config.entry import Entry, Problems, has_errors
from connmgr.config.files import is_base
from connmgr.config.inherit import Family
from connmgr.config.merge import finish
from connmgr.config.paths import dotted
from connmgr.config.places import Places
from connmgr.config.schema import is_located
from connmgr.config.written import check_target
from connmgr.problem import Code, Place, Problem
from connmgr.profile import Profile


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """What an entry came to: a profile, or None, and what is wrong with it as a whole.

    `lineage` has all the entries that it was made of; none when one of them is broken or missing.
    """

    profile: Profile | None
    problems: Problems = ()
    lineage: tuple[Entry, ...] = ()

    def is_of(self, entry: Entry, find: Callable[[str], Entry | None]) -> bool:
        """Whether an entry would come to the same again, as `find` has it and what it extends now."""
        if not self.lineage or self.lineage[-1] is not entry:
            return False
        return len(self.lineage) == 1 or all(find(base.name) is base for base in self.lineage[:-1])


def make(entry: Entry, family: Family | None) -> Made:
    """Return what an entry comes to, with all that it extends; without a family there is no profile."""
    if family is None:
        is_checked = entry.is_broken and not (entry.below or is_base(entry.name))
        return Made(None, tuple(_rest(entry)) if is_checked else ())
    profile = Profile(entry.name, entry.place.file, finish(family.layer), _places(entry, family))
    if is_base(entry.name):
        return Made(profile, (), family.lineage)
    wrong = tuple(_check(profile, family.lineage))
    return Made(None if wrong and has_errors(wrong) else profile, wrong, family.lineage)


def _rest(entry: Entry) -> Iterator[Problem]:
    """Yield what is wrong with a broken profile beyond what was said: everything at once, nothing twice."""
    said = {problem.path for problem in entry.problems}
    profile = Profile(entry.name, entry.place.file, finish(entry.values), entry.places)
    return (problem for problem in _check(profile, (entry,)) if problem.path not in said)


def _places(entry: Entry, family: Family) -> Places:
    if not entry.below:
        return entry.places
    return entry.places.over(tuple(base.places for base in family.lineage[:-1]))


def _check(profile: Profile, lineage: Sequence[Entry]) -> Iterator[Problem]:
    """Yield what is wrong with a profile as a whole, and with none of its files alone."""
    entry = lineage[-1]

    def place(path: tuple[str, ...]) -> Place:
        return profile.places.get(path) or entry.place

    values, found = profile.values, contradictions(profile.values, place)
    if is_located(values):
        found = chain(check_target(values, place), found)
    elif entry.below:
        yield _nowhere(entry)
    for problem in found:
        yield _located(problem, lineage)


def _nowhere(entry: Entry) -> Problem:
    found = "nothing says where the database is, no base either"
    accepted, hint = "url, connection, service or libpq_env", "add it here, or to a base"
    path = dotted((*entry.within, "url"))
    return Problem(entry.place, path, found, accepted, hint, code=Code.MISSING_KEY)


def _located(problem: Problem, lineage: Sequence[Entry]) -> Problem:
    """Return a problem with the path that it has in its file, whichever of the entries says it there.

    So what several profiles have from one base is one problem and not one for each.
    """
    saying = (entry for entry in reversed(lineage) if problem.place in entry.places.values())
    within = next(saying, lineage[-1]).within
    return replace(problem, path=f"{dotted(within)}.{problem.path}") if within else problem

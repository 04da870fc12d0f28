"""Load a directory of profile files: every profile, and every problem in every file at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from connmgr.config.collector import paused_collector
from connmgr.config.contradictions import contradictions
from connmgr.config.entry import Entry, has_errors
from connmgr.config.files import is_base, is_name, no_directory, no_files
from connmgr.config.inherit import Family, Heritage
from connmgr.config.library import Library
from connmgr.config.merge import finish
from connmgr.config.paths import dotted
from connmgr.config.places import Places
from connmgr.config.schema import is_located
from connmgr.config.written import check_target
from connmgr.errors import ConfigError, UnknownProfile
from connmgr.logs import event
from connmgr.problem import Code, Place, Problem
from connmgr.profile import Profile

if TYPE_CHECKING:
    from connmgr.config.registry_file import RegistryFile

MANY: Final = 500
"""Profiles for which it pays to pause the collector; fewer are loaded before it would run twice."""


@dataclass(frozen=True, slots=True, eq=False)
class LoadResult:
    """What a directory holds: the profiles without a problem by name, the problems by place.

    `warnings` are said and nothing refused for them. `broken` are the names of profiles that have a
    problem, or extend what has one. `registry` is what the directory says of all of them together.
    """

    profiles: Mapping[str, Profile]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...] = ()
    broken: frozenset[str] = frozenset()
    registry: RegistryFile | None = None


def load_profiles(directory: str | Path, names: Iterable[str] | None = None) -> LoadResult:
    """Read every profile file in `directory`; never raises for what is wrong with them.

    With `names`, only these profiles: their files, their bases' and the shared files (`*.profiles.yaml`)
    are read, and no other. Needs no environment and no network: references stay references.
    """
    root = str(Path(directory))
    try:
        library = Library(root)
    except (OSError, ValueError) as error:
        return LoadResult(MappingProxyType({}), (no_directory(root, error),))
    if names is not None:
        return _load(library, dict.fromkeys(names))
    known = sorted(library.names())
    library.check_rest()
    if not library.problems and all(is_base(name) and is_name(name[1:]) for name in known):
        library.problems.append(no_files(root))
    with paused_collector() if len(known) > MANY else nullcontext():
        return _load(library, known)


def require_profiles(directory: str | Path, names: Iterable[str] | None = None) -> LoadResult:
    """Return what `load_profiles` finds, which has no problem, and log its warnings.

    Raises:
        ConfigError: with every problem.
        UnknownProfile: no file has one of the names.
    """
    if isinstance(names, str):
        raise TypeError(f"names is a text, {names!r}; write [{names!r}] for one profile")
    asked = None if names is None else [*names]
    result = load_profiles(directory, asked)
    if result.problems:
        raise ConfigError(result.problems)
    for name in asked or ():
        if name not in result.profiles:
            from connmgr.nearest import unknown

            raise UnknownProfile(unknown(name, profile_names(directory)))
    for warning in result.warnings:
        event("WARNING", str(warning), code=str(warning.code))
    return result


def profile_names(directory: str | Path) -> frozenset[str]:
    """Return the names of the profiles in a directory, broken ones too; only shared files are read.

    Raises:
        OSError: the directory cannot be read.
        ValueError: no directory could have that name.
    """
    names = Library(str(Path(directory))).names()
    return frozenset(name for name in names if is_name(name))


def _load(library: Library, names: Iterable[str]) -> LoadResult:
    heritage = Heritage(library.find, library.names)
    found: list[Problem] = []
    profiles: dict[str, Profile] = {}
    broken: set[str] = set()
    for name in names:
        entry = library.find(name)
        if entry is None:
            # It may stand in what could not be read; that it is unknown would send people the wrong way.
            broken.update([name] if library.has_unreadable_shared else ())
            continue
        profile = _profile(entry, heritage.family(entry), found)
        if profile is None:
            broken.add(name)
        elif not is_base(name):
            profiles[name] = profile
    registry = library.registry()
    problems = sorted({*library.problems, *heritage.problems, *found})
    return LoadResult(
        MappingProxyType(profiles),
        tuple(problem for problem in problems if not problem.code.is_warning),
        tuple(problem for problem in problems if problem.code.is_warning),
        frozenset(broken),
        registry,
    )


def _profile(entry: Entry, family: Family | None, found: list[Problem]) -> Profile | None:
    """Return a profile, or None after adding to `found` what is wrong with it as a whole."""
    if family is None:
        if entry.is_broken and not (entry.below or is_base(entry.name)):
            found += _rest(entry)
        return None
    profile = Profile(entry.name, entry.place.file, finish(family.layer), _places(entry, family))
    if is_base(entry.name):
        return profile
    wrong = [*_check(profile, family.lineage)]
    found += wrong
    return None if wrong and has_errors(wrong) else profile


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

"""Load a directory of profile files: every profile, and every problem in every file at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from connmgr.config.contradictions import contradictions
from connmgr.config.entry import Entry
from connmgr.config.files import is_base, no_directory, no_files
from connmgr.config.inherit import Heritage
from connmgr.config.library import Library
from connmgr.config.merge import Layer
from connmgr.config.places import Places
from connmgr.config.schema import is_located
from connmgr.config.written import check_target
from connmgr.problem import Code, Place, Problem
from connmgr.profile import Profile


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What a directory holds: the profiles without a problem by name, the problems by place.

    `warnings` are said and nothing refused for them. `broken` are the names of profiles that have a
    problem, or extend what has one.
    """

    profiles: Mapping[str, Profile]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...] = ()
    broken: frozenset[str] = frozenset()


def load_profiles(directory: str | os.PathLike[str], names: Iterable[str] | None = None) -> LoadResult:
    """Read every profile file in `directory`; never raises for what is wrong with them.

    With `names`, only these profiles: their files, their bases' and the shared files (`*.profiles.yaml`)
    are read, and no other. Needs no environment and no network: references stay references.
    """
    root = os.fspath(Path(directory))
    try:
        library = Library(root)
    except (OSError, ValueError) as error:
        return LoadResult(MappingProxyType({}), (no_directory(root, error),))
    if library.is_empty:
        return LoadResult(MappingProxyType({}), (no_files(root),))
    return _load(library, library.entries() if names is None else library.named(names))


def profile_names(directory: str | os.PathLike[str]) -> frozenset[str]:
    """Return the names of the profiles in a directory, broken ones too; only shared files are read.

    Raises:
        OSError: the directory cannot be read.
        ValueError: no directory could have that name.
    """
    return frozenset(name for name in Library(os.fspath(Path(directory))).names() if not is_base(name))


def _load(library: Library, entries: Iterable[Entry]) -> LoadResult:
    heritage = Heritage(library.find, library.names)
    found: list[Problem] = []
    profiles: dict[str, Profile] = {}
    broken = set()
    for entry in entries:
        merged = heritage.values(entry)
        if is_base(entry.name):
            continue
        wrong = [*_check(entry, *merged)] if merged else []
        found += wrong
        if merged is None or any(not problem.code.is_warning for problem in wrong):
            broken.add(entry.name)
        else:
            profiles[entry.name] = Profile(entry.name, entry.place.file, *merged)
    problems = sorted({*library.problems, *heritage.problems, *found})
    return LoadResult(
        MappingProxyType(dict(sorted(profiles.items()))),
        tuple(problem for problem in problems if not problem.code.is_warning),
        tuple(problem for problem in problems if problem.code.is_warning),
        frozenset(broken),
    )


def _check(entry: Entry, values: Layer, places: Places) -> Iterator[Problem]:
    """Yield what is wrong with a profile as a whole, and with none of its files alone."""

    def place(path: tuple[str, ...]) -> Place:
        return places.get(path, entry.place)

    if not is_located(values):
        hint = "add it here, or to a base"
        accepted = "url, connection, service or libpq_env"
        found = "nothing says where the database is, no base either"
        yield Problem(entry.place, "url", found, accepted, hint, code=Code.MISSING_KEY)
    yield from check_target(values, place)
    yield from contradictions(values, place)

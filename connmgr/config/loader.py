"""Load a directory of profile files: every profile, and every problem in every file at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from connmgr.config.collector import paused_collector
from connmgr.config.files import is_base, is_name, no_directory, no_files
from connmgr.config.inherit import Heritage
from connmgr.config.library import Library
from connmgr.config.making import Made, make
from connmgr.errors import ConfigError, UnknownProfile
from connmgr.logs import event
from connmgr.problem import Problem
from connmgr.profile import Profile

if TYPE_CHECKING:
    from connmgr.config.registry_file import RegistryFile

MANY: Final = 500
"""Profiles for which it pays to pause the collector; fewer are made before it would run twice."""

Between: TypeAlias = Callable[[], None]


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
        return unlisted(root, error)
    return load(library, names, {})


def require_profiles(directory: str | Path, names: Iterable[str] | None = None) -> LoadResult:
    """Return what `load_profiles` finds, which has no problem, and log its warnings.

    Raises:
        ConfigError: with every problem.
        UnknownProfile: no file has one of the names.
    """
    asked = as_names(names)
    return require(load_profiles(directory, asked), asked, directory)


def require(
    result: LoadResult,
    names: Iterable[str] | None,
    directory: str | Path,
    *,
    before: LoadResult | None = None,
) -> LoadResult:
    """Return what was found of `names` in a directory, which has no problem, and log its warnings.

    Those that the result `before` it had are not logged again.

    Raises:
        ConfigError: with every problem.
        UnknownProfile: no file has one of the names.
    """
    if result.problems:
        raise ConfigError(result.problems)
    for name in names or ():
        if name not in result.profiles:
            from connmgr.nearest import unknown

            raise UnknownProfile(unknown(name, profile_names(directory)))
    logged = frozenset(before.warnings if before else ())
    for warning in result.warnings:
        if warning not in logged:
            event("WARNING", str(warning), code=str(warning.code))
    return result


def as_names(names: Iterable[str] | None) -> tuple[str, ...] | None:
    """Return the names that are asked for; None for all there are.

    Raises:
        TypeError: they are one text, each letter of which would be taken for a name.
    """
    if isinstance(names, str):
        raise TypeError(f"names is a text, {names!r}; write [{names!r}] for one profile")
    return None if names is None else tuple(names)


def unlisted(root: str, error: OSError | ValueError) -> LoadResult:
    """Return the result for a directory that cannot be listed."""
    return LoadResult(MappingProxyType({}), (no_directory(root, error),))


def profile_names(directory: str | Path) -> frozenset[str]:
    """Return the names of the profiles in a directory, broken ones too; only shared files are read.

    Raises:
        OSError: the directory cannot be read.
        ValueError: no directory could have that name.
    """
    names = Library(str(Path(directory))).names()
    return frozenset(name for name in names if is_name(name))


def go_on() -> None:
    """Take the next step at once."""


def load(
    library: Library, names: Iterable[str] | None, made: dict[str, Made], between: Between = go_on
) -> LoadResult:
    """Return what a library holds under `names`, or under every name.

    `made` has what each name came to before. What would come to the same again stays the same object; the
    rest is made anew, and `made` brought up to date. `between` is called between any two steps.
    """
    between()
    asked = _all_names(library, between) if names is None else [*dict.fromkeys(names)]
    heritage = Heritage(library.find, library.names)
    _make(asked, library, heritage, made, between)
    profiles, broken = _gathered(asked, library, made, between)
    registry = library.registry()
    found = {problem for one in made.values() for problem in one.problems}
    problems = sorted({*library.problems, *heritage.problems, *found})
    between()
    return LoadResult(
        MappingProxyType(profiles),
        tuple(problem for problem in problems if not problem.code.is_warning),
        tuple(problem for problem in problems if problem.code.is_warning),
        frozenset(broken),
        registry,
    )


def _all_names(library: Library, between: Between) -> list[str]:
    found = library.names()
    between()
    names = sorted(found)
    library.check_rest()
    between()
    if not library.problems and all(is_base(name) and is_name(name[1:]) for name in names):
        library.problems.append(no_files(library.root))
    return names


def _make(
    asked: Sequence[str], library: Library, heritage: Heritage, made: dict[str, Made], between: Between
) -> None:
    """Bring `made` up to date: afterwards it has those of the names that are there, and no others."""
    for gone in made.keys() - asked:
        del made[gone]
    with ExitStack() as stack:
        anew = 0
        for name in asked:
            between()
            entry = library.find(name)
            if entry is None:
                made.pop(name, None)
            elif name not in made or not made[name].is_of(entry, library.find):
                made[name] = make(entry, heritage.family(entry))
                anew += 1
                if anew == MANY:
                    stack.enter_context(paused_collector())


def _gathered(
    asked: Iterable[str], library: Library, made: Mapping[str, Made], between: Between
) -> tuple[dict[str, Profile], set[str]]:
    """Return the profiles among the names, and the names that are broken."""
    profiles: dict[str, Profile] = {}
    broken: set[str] = set()
    for name in asked:
        between()
        if name not in made:
            # It may stand in what could not be read; that it is unknown would send people the wrong way.
            broken.update([name] if library.has_unreadable_shared else ())
        elif (profile := made[name].profile) is None:
            broken.add(name)
        elif not is_base(name):
            profiles[name] = profile
    return profiles, broken

"""Decide what a reload would do: files and settings in, plan and new settings out; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from connmgr.config.changes import changes, written_changes
from connmgr.config.loader import LoadResult
from connmgr.config.registry_changes import registry_changes
from connmgr.config.settle import settle
from connmgr.errors import ConfigError
from connmgr.plan import Plan, ProfilePlan
from connmgr.problem import Problem
from connmgr.profile import Profile
from connmgr.registry_settings import RegistrySettings
from connmgr.secret import Environment
from connmgr.settings import Settings


@dataclass(frozen=True, slots=True)
class Running:
    """What runs: the profiles as loaded, and the settings of those that have an engine."""

    profiles: Mapping[str, Profile]
    options: RegistrySettings
    serving: Mapping[str, Settings]


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to run: `settled` has the new settings of each profile that has an engine and stays."""

    plan: Plan
    profiles: Mapping[str, Profile]
    options: RegistrySettings
    settled: Mapping[str, Settings]


def draft(running: Running, loaded: LoadResult, environ: Environment, directory: str) -> Draft:
    """Compare what was read, which has no problem, with what runs.

    Settles each profile in service anew: what its references come to may have changed without its file. May
    read files for that and take long; needs no event loop.

    Raises:
        ConfigError: with what keeps profiles in service from being settled, everything at once.
    """
    profiles = loaded.profiles
    staying = [name for name in running.serving if name in profiles]
    settled = settle_all({name: profiles[name] for name in staying}, environ)
    options = loaded.registry.settle(environ, profiles) if loaded.registry else RegistrySettings()
    found = [*_differing(running, profiles, settled)]
    unchanged = len(profiles) - sum(each.action != "removed" for each in found)
    about_all = registry_changes(running.options, options, loaded.registry, directory)
    return Draft(Plan(tuple(found), unchanged, about_all), profiles, options, settled)


def settle_all(profiles: Mapping[str, Profile], environ: Environment) -> dict[str, Settings]:
    """Settle profiles, all or none.

    Raises:
        ConfigError: with the problems of all of them.
    """
    settled: dict[str, Settings] = {}
    problems: list[Problem] = []
    for name, profile in profiles.items():
        try:
            settled[name] = settle(profile, environ)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return settled


def _differing(
    running: Running, profiles: Mapping[str, Profile], settled: Mapping[str, Settings]
) -> Iterator[ProfilePlan]:
    before = running.profiles
    # Those alone that may differ: sorting and comparing ten thousand names would hold up the event loop.
    new_ones = [name for name, profile in profiles.items() if before.get(name) is not profile]
    gone = [name for name in before if name not in profiles]
    for name in sorted({*new_ones, *gone, *settled}):
        old, new = before.get(name), profiles.get(name)
        if new is None:
            assert old is not None  # noqa: S101 - the name is from one of the two
            yield ProfilePlan(name, "removed", old.place(), name in running.serving)
        elif old is None:
            yield ProfilePlan(name, "added", new.place())
        elif name in settled:
            if found := changes(running.serving[name], settled[name], new):
                yield ProfilePlan(name, "changed", new.place(), in_service=True, changes=found)
        elif new is not old and (found := written_changes(old, new)):
            yield ProfilePlan(name, "changed", new.place(), changes=found)

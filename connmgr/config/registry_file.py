"""Read `_registry.yaml`, which says what holds for all profiles of its directory together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from connmgr.config.document import Document
from connmgr.config.files import REGISTRY, Listing, shown
from connmgr.config.merge import finish
from connmgr.config.nested import freeze
from connmgr.config.paths import dotted
from connmgr.config.registry_check import TOKEN, Names, check_registry
from connmgr.config.registry_schema import keys_of
from connmgr.config.secrets import Source
from connmgr.config.secrets.providers import secret_source
from connmgr.config.source import read
from connmgr.problem import Code, Place, Problem
from connmgr.registry_settings import RegistryHealth, RegistrySettings, WebSettings
from connmgr.secret import Environment

if TYPE_CHECKING:
    from connmgr.config.library import ReadFile

_SHOWABLE: Final = frozenset(["groups", "health", "max_monitors", "web", "details", "rise", "fall"])


@dataclass(frozen=True, slots=True, eq=False)
class RegistryFile:
    """The file as it is written; the token in it is still a reference, or wrapped."""

    file: str
    settings: RegistrySettings
    token: object = field(repr=False)
    token_place: Place
    places: Mapping[tuple[str, ...], Place] = field(repr=False)

    def place(self, path: tuple[str, ...]) -> Place:
        """Where the value at `path` stands; for one that is not written, the file."""
        return self.places.get(path) or Place(self.file)

    def settle(self, environ: Environment, names: Collection[str]) -> RegistrySettings:
        """Return what it comes to for the profiles `names`; the token is asked for when it is needed."""
        settings = self.settings
        groups = {
            group: tuple(member for member in members if member in names)
            for group, members in settings.groups.items()
        }
        web = replace(settings.web, token=self._source(environ))
        return replace(settings, groups=MappingProxyType(groups), web=web)

    def unsettled(self, environ: Environment) -> tuple[Problem, ...]:
        """Return what keeps the token from being had now, and whether others can read it; runs nothing."""
        source = self._source(environ)
        return source.problems() if source else ()

    def _source(self, environ: Environment) -> Source | None:
        if self.token is None:
            return None
        return secret_source(
            self.token,
            environ=environ,
            place=self.token_place,
            path=dotted(TOKEN),
            root=Path(self.file).parent,
            origin="the registry's file",
        )


Found: TypeAlias = tuple[RegistryFile | None, tuple[Problem, ...]]


def registry_file(listing: Listing, names: Names, read_file: ReadFile) -> Found:
    """Return the file of a directory that has one, and these names; and what is wrong with it."""
    path, *others = listing.single(REGISTRY)
    file = shown(path)
    if others:
        found, hint = f"two files for the registry: {file} and {shown(others[0])}", "delete one of them"
        return None, (Problem(Place(shown(others[0])), "", found, "one of them", hint, code=Code.NAME_TWICE),)
    # With the names: to check others against it later, one would have to keep the text of its token.
    return read_file(path, partial(_parsed, file, names), names)


def _parsed(file: str, names: Names, data: bytes | Problem) -> Found:
    document = Document(None, problems=(data,)) if isinstance(data, Problem) else read(data, file, _SHOWABLE)
    document = replace(document, problems=tuple(map(_reworded, document.problems)))
    problems = (*document.problems, *check_registry(document, file, names))
    if document.values is None or problems:
        return None, problems
    return _built(file, document), ()


def _reworded(problem: Problem) -> Problem:
    """Return a problem of any file's in the words of this one, where the reader speaks of profiles."""
    if problem.path.startswith(f"{dotted(TOKEN)}."):
        # Without the keys below it: where `env` should stand, the token may.
        return replace(problem, path=dotted(TOKEN))
    if problem.code is not Code.NO_SETTINGS:
        return problem
    is_empty = problem.found == "the file is empty"
    hint = "delete it, or write {} for the defaults" if is_empty else problem.hint
    return replace(problem, accepted=", ".join(keys_of(())), hint=hint)


def _built(file: str, document: Document) -> RegistryFile:
    values = cast("Mapping[str, Any]", document.values)
    groups = {group: tuple(members) for group, members in values.get("groups", {}).items()}
    health, web = _plain(values.get("health", {})), _plain(values.get("web", {}))
    # Wrapped as a profile's password is, and by the same hand.
    token = finish(freeze({"password": web.pop("token", None)})).get("password")
    settings = RegistrySettings(MappingProxyType(groups), RegistryHealth(**health), WebSettings(**web))
    place = document.places.get(TOKEN) or Place(file)
    return RegistryFile(file, settings, token, place, document.places)


def _plain(group: Mapping[str, Any]) -> dict[str, Any]:
    """Return a group's values, 5.0 as the whole number it is."""
    return {key: int(value) if isinstance(value, float) else value for key, value in group.items()}

"""Read `_registry.yaml`, which says what holds for all profiles of its directory together."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, cast

from connmgr.config.diagnostics import did_you_mean
from connmgr.config.document import Document
from connmgr.config.files import REGISTRY, Listing, is_name, read_file, shown
from connmgr.config.paths import dotted, is_word
from connmgr.config.references import FORMS, Malformed, parse
from connmgr.config.registry_schema import definition, root
from connmgr.config.scalars import describe
from connmgr.config.schema import refusals
from connmgr.config.secrets.providers import secret_source
from connmgr.config.source import read
from connmgr.config.words import accepted
from connmgr.problem import Code, Place, Problem
from connmgr.registry_settings import RegistryHealth, RegistrySettings, WebSettings
from connmgr.secret import Environment, Secret

_TOKEN: Final = ("web", "token")
_SHOWABLE: Final = frozenset(["groups", "health", "max_monitors", "web", "details", "rise", "fall"])


@dataclass(frozen=True, slots=True, eq=False)
class RegistryFile:
    """The file as it is written; the token in it is still a reference, or wrapped."""

    file: str
    values: Mapping[str, Any]
    token_place: Place

    def settle(self, environ: Environment, names: Collection[str]) -> RegistrySettings:
        """Return what it comes to for the profiles `names`; the token is asked for when it is needed."""
        values, web = self.values, dict(self.values.get("web", {}))
        if "token" in web:
            written = web["token"]
            web["token"] = secret_source(
                Secret(written) if isinstance(written, str) else written,
                environ=environ,
                place=self.token_place,
                path=dotted(_TOKEN),
                root=Path(self.file).parent,
                origin="the registry's file",
            )
        groups = {
            name: tuple(member for member in members if member in names)
            for name, members in values.get("groups", {}).items()
        }
        return RegistrySettings(
            MappingProxyType(groups), RegistryHealth(**values.get("health", {})), WebSettings(**web)
        )


def registry_file(
    listing: Listing, names: Collection[str]
) -> tuple[RegistryFile | None, tuple[Problem, ...]]:
    """Return the file of a directory whose profiles are `names`, and what is wrong with it."""
    paths = listing.single(REGISTRY)
    if not paths:
        return None, ()
    path, *others = paths
    file = shown(path)
    if others:
        found, hint = f"two files for the registry: {file} and {shown(others[0])}", "delete one of them"
        return None, (Problem(Place(shown(others[0])), "", found, "one of them", hint, code=Code.NAME_TWICE),)
    data = read_file(path)
    document = Document(None, problems=(data,)) if isinstance(data, Problem) else read(data, file, _SHOWABLE)
    problems = (*document.problems, *_check(document, file, names))
    if document.values is None or problems:
        return None, problems
    place = document.places.get(_TOKEN) or Place(file)
    return RegistryFile(file, document.values, place), ()


def _check(document: Document, file: str, names: Collection[str]) -> Iterator[Problem]:
    if document.values is None:
        return
    said = {problem.path for problem in document.problems}
    for problem in (*_misshapen(document, file), *_contradictions(document, file)):
        if problem.path not in said:
            said.add(problem.path)
            yield problem
    groups = document.values.get("groups")
    for name, members in groups.items() if isinstance(groups, Mapping) else ():
        if isinstance(members, list):
            yield from _wrong_members(document, name, members, names)


def _misshapen(document: Document, file: str) -> Iterator[Problem]:
    for refusal in refusals(cast("Mapping[str, object]", document.values), "registry", settled=False):
        if refusal.rule == "additionalProperties":
            for key in cast("Mapping[str, object]", refusal.value):
                path = (*refusal.path, key)
                if definition(path) is None:
                    yield _unknown(document, file, path)
            continue
        # One in a list, or one of a token's forms, is a matter of the whole setting.
        path = refusal.path
        while path and definition(path) is None:
            path = path[:-1]
        node = definition(path) or {}
        found = f"found {describe(refusal.value, hidden=path == _TOKEN)}"
        place = document.places.get(refusal.path) or Place(file)
        yield Problem(place, dotted(path), found, accepted(node, root()), code=Code.VALUE)


def _unknown(document: Document, file: str, path: tuple[str, ...]) -> Problem:
    key, known = path[-1], [*(definition(path[:-1]) or {}).get("properties", {})]
    place = document.keys.get(path) or Place(file)
    if path[:-1] == _TOKEN:
        found, known = "a key that is none of these", ["env", "file", "command"]
        return Problem(place, dotted(_TOKEN), found, ", ".join(known), code=Code.UNKNOWN_KEY)
    found = f'unknown key "{key}"' if is_word(key) else "a key that is no word"
    return Problem(
        place, dotted(path), found, ", ".join(known), did_you_mean(key, known), code=Code.UNKNOWN_KEY
    )


def _contradictions(document: Document, file: str) -> Iterator[Problem]:
    web = cast("Mapping[str, Any]", document.values).get("web")
    if not isinstance(web, Mapping):
        return
    if web.get("token") == "":
        place = document.places.get(_TOKEN) or Place(file)
        yield Problem(place, dotted(_TOKEN), "an empty text", "a text of some length", code=Code.VALUE)
    if isinstance(web.get("token"), str):
        try:
            parse(web["token"])
        except Malformed as error:
            place = document.places.get(_TOKEN) or Place(file)
            yield Problem(place, dotted(_TOKEN), str(error), FORMS, code=Code.REFERENCE)
    if web.get("details") == "token" and "token" not in web:
        place = document.places.get(("web", "details")) or Place(file)
        hint = "add a line such as token: ${HEALTH_TOKEN}"
        found = "details for those who send the token, and no token"
        yield Problem(place, "web.details", found, "a token beside it", hint, code=Code.CONTRADICTION)


def _wrong_members(
    document: Document, group: str, members: list[object], names: Collection[str]
) -> Iterator[Problem]:
    for index, member in enumerate(members):
        if not isinstance(member, str):
            continue  # its shape is what is wrong
        path = ("groups", group, str(index))
        place = document.places.get(path) or document.places[path[:-1]]
        if member in members[:index]:
            found = f'"{member}" a second time' if is_name(member) else "a name a second time"
            yield Problem(place, dotted(path), found, hint="delete one of the two", code=Code.VALUE)
        elif member not in names:
            found = f'no profile named "{member}"' if is_word(member) else "a name that no profile has"
            hint = did_you_mean(member, names)
            accepted_names = "the name of a profile in this directory"
            yield Problem(place, dotted(path), found, accepted_names, hint, code=Code.VALUE)

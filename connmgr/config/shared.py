"""Read a file of several profiles, `*.profiles.yaml`: `profiles:` by name, `defaults:` for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final, cast

from connmgr.config.document import Document
from connmgr.config.entry import Entry, Problems, has_errors, make
from connmgr.config.files import is_base, is_name
from connmgr.config.paths import Path, dotted, is_word
from connmgr.config.places import Places
from connmgr.config.scalars import describe
from connmgr.config.schema import Kind
from connmgr.config.validate import validate
from connmgr.problem import Code, Place, Problem

_SHAPE: Final = "profiles: with a profile for each name, and perhaps defaults: for all of them"
_PROFILES: Final = ("profiles",)
_DEFAULTS: Final = ("defaults",)


def shared(file: str, document: Document) -> tuple[list[Entry], list[Problem]]:
    """Return the entries of a file of several profiles, and what is wrong with them.

    When something is wrong with the file as a whole, all its entries are broken.
    """
    problems = [*document.problems, *_misshapen(file, document)]
    if document.values is None or problems:
        return [make(name, Place(file), document, broken=True) for name in _names(document)], problems
    defaults, wrong = _defaults(file, document)
    entries, more = _entries(file, document, defaults)
    return entries, [*wrong, *more]


def _names(document: Document) -> Iterator[str]:
    profiles = (document.values or {}).get("profiles")
    yield from profiles if isinstance(profiles, Mapping) else ()


def _misshapen(file: str, document: Document) -> Iterator[Problem]:
    values = document.values
    if values is None:
        return
    for key in values:
        if key not in ("profiles", "defaults"):
            named = f'unknown key "{key}"' if is_word(key) else "a key that is no word"
            place = document.keys[key,]
            hint = f"write it under profiles, as {key}: …, or under defaults" if is_word(key) else ""
            yield Problem(place, dotted((key,)), named, "profiles, defaults", hint, code=Code.UNKNOWN_KEY)
    if "profiles" not in values:
        found = "a file of several profiles without profiles"
        yield Problem(Place(file), "profiles", found, _SHAPE, code=Code.MISSING_KEY)
        return
    yield from _not_mappings(document)
    for name in _names(document):
        if not is_name(name.removeprefix("_")):
            accepted = "a letter, then up to 62 letters, digits, _ or -; a base begins with _"
            path = ("profiles", name)
            place = document.keys[path]
            found = "a name that no profile may have"
            yield Problem(place, dotted(path), found, accepted, code=Code.FILE_NAME)


def _not_mappings(document: Document) -> Iterator[Problem]:
    values = cast("Mapping[str, object]", document.values)
    groups: list[tuple[Path, object]] = [((key,), value) for key, value in values.items()]
    if isinstance(values["profiles"], Mapping):
        groups += [(("profiles", name), value) for name, value in values["profiles"].items()]
    for path, value in groups:
        if not isinstance(value, Mapping) or (path == _PROFILES and not value):
            found = f"found {describe(value, hidden=True) if value != {} else 'no profiles'}"
            yield Problem(document.places[path], dotted(path), found, _SHAPE, code=Code.VALUE)


def _defaults(file: str, document: Document) -> tuple[Entry | None, Problems]:
    if "defaults" not in cast("Mapping[str, object]", document.values):
        return None, ()
    places = document.places.split(())["defaults"]
    keys = document.keys.split(())["defaults"]
    part = _part(document, _DEFAULTS, places, keys)
    problems = _problems(file, part, _DEFAULTS, "base")
    return make(f"_defaults of {file}", part.places[()], part, broken=has_errors(problems)), problems


def _entries(file: str, document: Document, defaults: Entry | None) -> tuple[list[Entry], list[Problem]]:
    places, keys = document.places.split(_PROFILES), document.keys.split(_PROFILES)
    entries: list[Entry] = []
    problems: list[Problem] = []
    for name in _names(document):
        part = _part(document, ("profiles", name), places[name], keys[name])
        kind: Kind = "base" if is_base(name) or defaults else "profile"
        wrong = _problems(file, part, ("profiles", name), kind)
        problems += wrong
        place = document.keys["profiles", name]
        entries.append(make(name, place, part, defaults, broken=has_errors(wrong)))
    return entries, problems


def _part(document: Document, path: Path, places: Places, keys: Places) -> Document:
    values: object = document.values
    for key in path:
        values = cast("Mapping[str, object]", values)[key]
    return Document(cast("Mapping[str, object]", values), places, keys)


def _problems(file: str, part: Document, path: Path, kind: Kind) -> Problems:
    prefix = dotted(path)
    return tuple(
        replace(problem, path=f"{prefix}.{problem.path}" if problem.path else prefix)
        for problem in validate(part, file, kind)
    )

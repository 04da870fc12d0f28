"""Read a file of several profiles, `*.profiles.yaml`: `profiles:` by name, `defaults:` for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, cast

from connmgr.config.document import Document
from connmgr.config.entry import Entry, Problems, make
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


@dataclass(frozen=True, slots=True)
class SharedFile:
    """The entries of one file, its defaults among them, and what is wrong with it as a whole.

    With such a problem all its entries are broken.
    """

    entries: tuple[Entry, ...] = ()
    problems: Problems = ()


def shared(file: str, document: Document) -> SharedFile:
    """Return what a file of several profiles holds."""
    problems = (*document.problems, *_misshapen(file, document))
    if document.values is None or problems:
        nothing = Document(None)
        return SharedFile(tuple(make(name, Place(file), nothing, ()) for name in _names(document)), problems)
    return SharedFile(tuple(_entries(file, document)))


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


def _entries(file: str, document: Document) -> Iterator[Entry]:
    defaults = ""
    if "defaults" in cast("Mapping[str, object]", document.values):
        # No name that a file could have, so that `extends` cannot reach it.
        defaults = f"the defaults of {file}"
        part = _part(
            document, _DEFAULTS, document.places.split(())["defaults"], document.keys.split(())["defaults"]
        )
        yield make(
            defaults, part.places[()], part, _problems(file, part, _DEFAULTS, "base"), within=_DEFAULTS
        )
    places, keys = document.places.split(_PROFILES), document.keys.split(_PROFILES)
    for name in _names(document):
        path = (*_PROFILES, name)
        part = _part(document, path, places[name], keys[name])
        # Not for the file's bases: one that brought the defaults along would, in a list, put them over what
        # the bases before it say, and defaults that extend it would end in themselves.
        own = "" if is_base(name) else defaults
        kind: Kind = "base" if is_base(name) or own else "profile"
        yield make(name, document.keys[path], part, _problems(file, part, path, kind), own, path)


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

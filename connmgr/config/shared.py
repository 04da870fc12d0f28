"""Read a file of several profiles, `*.profiles.yaml`: `profiles:` by name, `defaults:` for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from connmgr.config.document import Document
from connmgr.config.entry import NOTHING, Entry, Problems, make
from connmgr.config.files import REGISTRY, is_base, is_name
from connmgr.config.merge import Layer
from connmgr.config.misshapen import misshapen
from connmgr.config.nested import SecretValues
from connmgr.config.paths import Path, dotted
from connmgr.config.scalars import describe
from connmgr.config.schema import Kind
from connmgr.config.validate import validate
from connmgr.problem import Code, Place, Problem

_PROFILES: Final = ("profiles",)
_DEFAULTS: Final = ("defaults",)
_ALL_BROKEN: Final = "until then no profile of this file is loaded"


@dataclass(frozen=True, slots=True)
class SharedFile:
    """The entries of one file, its defaults among them, and what is wrong with it beside them."""

    entries: tuple[Entry, ...] = ()
    problems: Problems = ()


def shared(file: str, document: Document) -> SharedFile:
    """Return what a file of several profiles holds.

    What is wrong with it as a whole breaks all its entries; what is wrong with one breaks that one.
    """
    wrong = (*document.problems, *misshapen(file, document))
    if wrong and _profiles(document):
        wrong = tuple(_breaking(problem) for problem in wrong)
    entries = tuple(_entries(file, document, wrong))
    unfit = [entry for entry in entries if not _is_fit(entry)]
    if unfit:
        entries = tuple(entry for entry in entries if _is_fit(entry))
        wrong += tuple(problem for entry in unfit for problem in (_misnamed(entry), *entry.problems))
    return SharedFile(entries, wrong)


def _is_fit(entry: Entry) -> bool:
    return entry.within == _DEFAULTS or (entry.name != REGISTRY and is_name(entry.name.removeprefix("_")))


def _misnamed(entry: Entry) -> Problem:
    found = "a name that no profile may have"
    if entry.name == REGISTRY:
        found = f"{REGISTRY}, the name of the file about all profiles together"
    accepted = "a letter, then up to 62 letters, digits, _ or -; a base begins with _"
    return Problem(entry.place, dotted(entry.within), found, accepted, "rename it", code=Code.FILE_NAME)


def _breaking(problem: Problem) -> Problem:
    return replace(problem, hint=f"{problem.hint}; {_ALL_BROKEN}" if problem.hint else _ALL_BROKEN)


def _profiles(document: Document) -> Layer:
    profiles = (document.values or NOTHING).get("profiles")
    return profiles if isinstance(profiles, Mapping) else NOTHING


def _entries(file: str, document: Document, wrong: Problems) -> Iterator[Entry]:
    inside = _by_entry(wrong)
    # Of all entries: an alias may stand for a password of another's.
    secrets = SecretValues((document.values or NOTHING).get("defaults"), *_profiles(document).values())
    over, values = "", (document.values or NOTHING).get("defaults")
    if isinstance(values, Mapping):
        # No name that a file could have, so that `extends` cannot reach it.
        over = f"the defaults of {file}"
        places, keys = document.places.split(()), document.keys.split(())
        part = Document(values, places["defaults"], keys["defaults"], (*inside[dotted(_DEFAULTS)],))
        yield _entry(over, file, part, _DEFAULTS, secrets, kind="base")
    place_parts, key_parts = document.places.split(_PROFILES), document.keys.split(_PROFILES)
    for name, value in _profiles(document).items():
        path = (*_PROFILES, name)
        if not isinstance(value, Mapping):
            problem = _no_settings(document.places[path], path, value, has_defaults=bool(over))
            yield make(name, document.keys[path], Document(None), (problem,), within=path)
            continue
        part = Document(value, place_parts[name], key_parts[name], (*inside[dotted(path)],))
        # Not for the file's bases: one that brought the defaults along would, in a list, put them over what
        # the bases before it say, and defaults that extend it would end in themselves.
        own = "" if is_base(name) else over
        kind: Kind = "base" if is_base(name) or own or wrong else "profile"
        entry = _entry(name, file, part, path, secrets, kind, own)
        yield replace(entry, is_broken=True) if wrong else entry


def _by_entry(problems: Problems) -> defaultdict[str, list[Problem]]:
    """Return the problems within each entry by its path, with the paths that they have in it."""
    inside: defaultdict[str, list[Problem]] = defaultdict(list)
    for problem in problems:
        keys = problem.path.split(".")
        length = len(_DEFAULTS) if keys[0] == _DEFAULTS[0] else len((*_PROFILES, "name"))
        if len(keys) > length:
            inside[".".join(keys[:length])].append(replace(problem, path=".".join(keys[length:])))
    return inside


def _entry(
    name: str, file: str, part: Document, path: Path, secrets: SecretValues, kind: Kind, defaults: str = ""
) -> Entry:
    prefix = dotted(path)
    problems = tuple(
        replace(problem, path=f"{prefix}.{problem.path}" if problem.path else prefix)
        for problem in (*part.problems, *validate(part, file, kind, secrets))
    )
    return make(name, part.keys[()], part, problems, defaults, path)


def _no_settings(place: Place, path: Path, value: object, *, has_defaults: bool) -> Problem:
    found, accepted = f"found {describe(value, hidden=True)}", "settings such as url: sqlite://"
    if isinstance(value, str) and "://" in value:
        hint = "write it as {url: …}"
    elif value is None and has_defaults:
        hint = "write {} when the defaults say all there is to say"
    else:
        hint = "give it settings, or delete it"
    return Problem(place, dotted(path), found, accepted, hint, code=Code.VALUE)

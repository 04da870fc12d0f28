"""Find what is wrong with the outermost keys of a file of several profiles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from connmgr.config.document import Document
from connmgr.config.files import ENDINGS, SHARED
from connmgr.config.paths import dotted, is_word
from connmgr.config.scalars import describe
from connmgr.config.schema import definition
from connmgr.problem import Code, Place, Problem

_SHAPES: Final = {"profiles": "a profile for each name", "defaults": "settings for all of its profiles"}


def misshapen(file: str, document: Document) -> Iterator[Problem]:
    """Yield what is wrong with a file beyond its YAML and its entries."""
    values = document.values
    if values is None:
        return
    strangers = [key for key in values if key not in _SHAPES]
    if "profiles" not in values and not any(_near(key, ["profiles"]) for key in strangers):
        settings = [key for key in strangers if definition((key,)) is not None]
        yield _without_profiles(file, is_one_profile=bool(settings))
        # That these are not known here would be a second message for one mistake.
        strangers = [key for key in strangers if key not in settings]
    for key in strangers:
        yield _stranger(key, values[key], document)
    for key in values.keys() & _SHAPES.keys():
        if problem := _no_mapping(key, values[key], document):
            yield problem


def _near(key: str, candidates: Iterable[str] = _SHAPES) -> str:
    from connmgr.nearest import did_you_mean  # only when something is wrong

    return did_you_mean(key, candidates) if is_word(key) else ""


def _without_profiles(file: str, *, is_one_profile: bool) -> Problem:
    found, accepted = "a file of several profiles without profiles", f"profiles: with {_SHAPES['profiles']}"
    hint = f"if it holds one profile, name it {_single(file)}" if is_one_profile else ""
    return Problem(Place(file), "profiles", found, accepted, hint, code=Code.MISSING_KEY)


def _single(file: str) -> str:
    name = Path(file).name
    for ending in ENDINGS:
        name = name.replace(SHARED + ending, ending)
    return name


def _stranger(key: str, value: object, document: Document) -> Problem:
    found = f'unknown key "{key}"' if is_word(key) else "a key that is no word"
    if definition((key,)) is not None:
        hint = "write it under defaults, or in one of the profiles"
    elif isinstance(value, Mapping) and is_word(key) and not _near(key):
        hint = f"if it is a profile, write it under profiles, as {key}: …"
    else:
        hint = _near(key)
    place, accepted = document.keys[key,], ", ".join(_SHAPES)
    return Problem(place, dotted((key,)), found, accepted, hint, code=Code.UNKNOWN_KEY)


def _no_mapping(key: str, value: object, document: Document) -> Problem | None:
    if isinstance(value, Mapping) and (value or key == "defaults"):
        return None
    found = f"found {'no profiles' if value == {} else describe(value, hidden=True)}"
    hint = "give it a value, or delete the line" if value is None else ""
    return Problem(document.places[key,], key, found, _SHAPES[key], hint, code=Code.VALUE)

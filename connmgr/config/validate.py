"""Check one file as written, as far as that can be done without its environment and its bases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from connmgr.config.document import Document
from connmgr.config.milliseconds import ask_milliseconds
from connmgr.config.nested import SecretValues, texts
from connmgr.config.paths import Path, dotted
from connmgr.config.references import FORMS, Malformed, parse
from connmgr.config.schema import Kind, check, definition
from connmgr.config.written import check_defaults
from connmgr.problem import Code, Place, Problem

LONGEST_TEXT: Final = 8192
"""Characters that the value of a setting may have."""


def validate(
    document: Document, file: str, kind: Kind = "profile", secrets: SecretValues | None = None
) -> tuple[Problem, ...]:
    """Return what is wrong with a document beyond its YAML; a path has one problem at most.

    A path that YAML's rules already complain about is left out: one mistake, one message. `secrets` are
    those of the whole file when the document is a part of it.
    """
    values = document.values
    if values is None:
        return ()

    def place(path: Path) -> Place:
        return document.places.get(path) or Place(file)

    def key_place(path: Path) -> Place:
        return document.keys.get(path) or place(path)

    found = check_values(values, place, key_place, kind, secrets)
    return one_a_path(found, {problem.path for problem in document.problems}) if found else ()


def check_values(
    values: Mapping[str, object],
    place: Callable[[Path], Place],
    key_place: Callable[[Path], Place],
    kind: Kind,
    secrets: SecretValues | None = None,
) -> tuple[Problem, ...]:
    """Return what is wrong with values, wherever they stand; a path may have several problems."""
    written = texts(values)
    # Alone, as the schema's patterns would be tried on every character of them.
    if too_long := tuple(_too_long(written, place)):
        return too_long
    referring = [(path, text) for path, text in written if "${" in text]
    return (
        *_malformed(referring, place),
        *check(values, place=place, key_place=key_place, kind=kind, secrets=secrets or SecretValues(values)),
        *(check_defaults(values, place) if any(":-" in text for _, text in referring) else ()),
        *ask_milliseconds(values, place),
    )


def one_a_path(found: Iterable[Problem], seen: set[str]) -> tuple[Problem, ...]:
    """Return the first problem of each path; none for the paths `seen`, to which the others are added."""
    problems = []
    for problem in found:
        if problem.path not in seen:
            seen.add(problem.path)
            problems.append(problem)
    return tuple(problems)


def _too_long(written: Iterable[tuple[Path, str]], place: Callable[[Path], Place]) -> Iterator[Problem]:
    for path, text in written:
        if len(text) > LONGEST_TEXT:
            found, accepted = f"a text of {len(text):,} characters", f"at most {LONGEST_TEXT:,}"
            yield Problem(place(path), dotted(path), found, accepted, code=Code.VALUE)


def _malformed(written: Iterable[tuple[Path, str]], place: Callable[[Path], Place]) -> Iterator[Problem]:
    for path, text in written:
        if definition(path) is None:
            continue
        try:
            parse(text)
        except Malformed as error:
            hint = "write $$ for a dollar sign that is only that"
            yield Problem(place(path), dotted(path), str(error), FORMS, hint, code=Code.REFERENCE)

"""Check a document that YAML could read: the schema, its references, and a url without any."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from connmgr.config.document import Document, Path, dotted
from connmgr.config.references import FORMS, Malformed, parse
from connmgr.config.schema import check, definition, is_secret
from connmgr.config.targets import check_written
from connmgr.problem import Place, Problem
from connmgr.secret import Secret


def validate(document: Document, file: str) -> tuple[Problem, ...]:
    """Return what is wrong with a document beyond its YAML; a path has one problem at most.

    A path that YAML's rules already complain about is left out: one mistake, one message.
    """
    if document.values is None:
        return ()

    def place(path: Path) -> Place:
        return document.places.get(path, Place(file))

    def key_place(path: Path) -> Place:
        return document.keys.get(path, place(path))

    seen = {problem.path for problem in document.problems}
    problems: list[Problem] = []
    for found in (
        _malformed(document.values, place),
        check(document.values, place=place, key_place=key_place),
        check_written(document.values, place),
    ):
        fresh = [problem for problem in found if problem.path not in seen]
        seen.update(problem.path for problem in fresh)
        problems += fresh
    return tuple(problems)


def texts(values: Mapping[str, object], path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text in nested values with its path, secrets revealed."""
    for key, value in values.items():
        here = (*path, key)
        if isinstance(value, Mapping):
            yield from texts(value, here)
        elif isinstance(value, Secret):
            yield here, value.reveal()
        elif isinstance(value, str):
            yield here, value


def freeze(values: Mapping[str, object], path: Path = ()) -> Mapping[str, object]:
    """Return nested values as read-only mappings, texts that may hold a secret wrapped."""
    return MappingProxyType({key: _frozen(value, (*path, key)) for key, value in values.items()})


def _frozen(value: object, path: Path) -> object:
    if isinstance(value, Mapping):
        return freeze(value, path)
    if isinstance(value, list):
        return tuple(_frozen(item, path) for item in value)
    return Secret(value) if isinstance(value, str) and is_secret(path) else value


def _malformed(values: Mapping[str, object], place: Callable[[Path], Place]) -> Iterator[Problem]:
    for path, text in texts(values):
        if definition(path) is None:
            continue
        try:
            parse(text)
        except Malformed as error:
            hint = "write $$ for a dollar sign that is only that"
            yield Problem(place(path), dotted(path), str(error), FORMS, hint)

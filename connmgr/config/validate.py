"""Check a document that YAML could read, as far as that can be done without its environment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from connmgr.config.document import Document, Path, dotted
from connmgr.config.nested import texts
from connmgr.config.references import FORMS, Malformed, parse
from connmgr.config.schema import Kind, check, definition
from connmgr.config.written import check_defaults
from connmgr.problem import Code, Place, Problem


def validate(document: Document, file: str, kind: Kind = "profile") -> tuple[Problem, ...]:
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
        check(document.values, place=place, key_place=key_place, kind=kind),
        check_defaults(document.values, place),
    ):
        fresh = [problem for problem in found if problem.path not in seen]
        seen.update(problem.path for problem in fresh)
        problems += fresh
    return tuple(problems)


def _malformed(values: Mapping[str, object], place: Callable[[Path], Place]) -> Iterator[Problem]:
    for path, text in texts(values):
        if definition(path) is None:
            continue
        try:
            parse(text)
        except Malformed as error:
            hint = "write $$ for a dollar sign that is only that"
            yield Problem(place(path), dotted(path), str(error), FORMS, hint, code=Code.REFERENCE)

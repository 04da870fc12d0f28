"""Check the references of a file as far as that can be done without its environment.

What is literal can be judged now, and so can a default, which is a value like any other. The rest is
taken to fit: its time comes when the profile is settled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from connmgr.config.nested import secret_names, texts
from connmgr.config.paths import Path
from connmgr.config.references import missing, named, parse_readable, references, substitute
from connmgr.config.scalars import NotANumber, describe, resolve
from connmgr.config.schema import check, is_secret, is_text
from connmgr.config.targets import find
from connmgr.config.urls import Component
from connmgr.problem import Place, Problem


def check_defaults(values: Mapping[str, object], place: Callable[[Path], Place]) -> Iterator[Problem]:
    """Yield what the schema has against the values that settings have when no variable is set."""
    secrets = secret_names(values)
    for path, text in texts(values):
        parts = parse_readable(text)
        if is_secret(path) or is_text(path) or not references(parts) or missing(parts, {}):
            continue
        if is_secret(path[:-1]) and (path[-1] == "ttl" or is_secret(path[:-2])):
            continue  # it stands beside a secret's form, and cannot be judged without that
        yield from _check_default(path, parts, secrets, place)


def _check_default(
    path: Path, parts: Component, secrets: frozenset[str], place: Callable[[Path], Place]
) -> Iterator[Problem]:
    found = references(parts)
    hidden = not secrets.isdisjoint(reference.name for reference in found)

    def words(_: Path, value: object) -> str:
        return f"found {describe(value, hidden=hidden)}{named(found, 'the default of ')}"

    value = _resolved(substitute(parts, {}))
    yield from check(_nest(path, value), place=place, found=words, settled=True, kind="base")


def _resolved(text: str) -> object:
    try:
        return resolve(text)
    except NotANumber:
        return text


def _nest(path: Path, value: object) -> dict[str, object]:
    first, *rest = path
    return {first: _nest(tuple(rest), value) if rest else value}


def check_target(values: Mapping[str, object], place: Callable[[Path], Place]) -> tuple[Problem, ...]:
    """Return what is wrong with where the merged `values` say the database is, whatever variables hold."""
    return tuple(find(values, place, {}).sheet.problems)

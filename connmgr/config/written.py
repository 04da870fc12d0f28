"""Check the references of a file as far as that can be done without its environment.

What is literal can be judged now, and so can a default, which is a value like any other. The rest is
taken to fit: its time comes when the profile is settled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from connmgr.config.document import Path
from connmgr.config.nested import secret_names, texts
from connmgr.config.references import missing, named, parse_readable, references, substitute
from connmgr.config.scalars import NotANumber, describe, resolve, unsafe_character
from connmgr.config.schema import check, is_secret, is_text
from connmgr.config.targets import build_target, conflicts
from connmgr.config.urls import BadUrl, Component, Url, leading, split, starts_with_reference
from connmgr.problem import Place, Problem
from connmgr.secret import Secret

# What stands in for a part of a url that only the environment knows. As a path it is absolute: a relative
# one would be judged by the current directory.
_STAND_IN: Final = "/x"
_STAND_IN_PORT: Final = "5432"
_STAND_INS: Final = {"sslmode": "prefer", "connect_timeout": "1"}


def check_defaults(values: Mapping[str, object], place: Callable[[Path], Place]) -> Iterator[Problem]:
    """Yield what the schema has against the values that settings have when no variable is set."""
    secrets = secret_names(values)
    for path, text in texts(values):
        parts = parse_readable(text)
        if is_secret(path) or is_text(path) or not references(parts) or missing(parts, {}):
            continue
        yield from _check_default(path, parts, secrets, place)


def _check_default(
    path: Path, parts: Component, secrets: frozenset[str], place: Callable[[Path], Place]
) -> Iterator[Problem]:
    found = references(parts)
    hidden = not secrets.isdisjoint(reference.name for reference in found)

    def words(_: Path, value: object) -> str:
        return f"found {describe(value, hidden=hidden)}{named(found, 'the default of ')}"

    value = _resolved(substitute(parts, {}))
    yield from check({"url": _STAND_IN, **_nest(path, value)}, place=place, found=words, settled=True)


def _resolved(text: str) -> object:
    try:
        return resolve(text)
    except NotANumber:
        return text


def _nest(path: Path, value: object) -> dict[str, object]:
    first, *rest = path
    return {first: _nest(tuple(rest), value) if rest else value}


def check_target(values: Mapping[str, object], place: Callable[[Path], Place]) -> Iterator[Problem]:
    """Yield what is wrong with a url whatever its variables hold."""
    written = values.get("url")
    text = written.reveal() if isinstance(written, Secret) else written
    # A control character has its problem already; a NUL would be taken for a mark of the split.
    parts = parse_readable(text) if isinstance(text, str) and not unsafe_character(text) else ()
    if not parts or (starts_with_reference(parts) and missing(parts[:1], {})):
        return
    try:
        url = _with_stand_ins(split(leading(parts, {})))
        built = build_target(url, "", {})
    except BadUrl as error:
        yield from (fault.problem(place(("url",)), parts) for fault in error.faults)
        return
    timeouts = values.get("timeouts")
    has_connect = isinstance(timeouts, Mapping) and "connect" in timeouts
    yield from conflicts(url, built, place, has_password="password" in values, has_connect=has_connect)


def _with_stand_ins(url: Url) -> Url:
    return replace(
        url,
        user=url.user and _stand_in(url.user),
        password=url.password and _stand_in(url.password),
        host=_stand_in(url.host),
        port=url.port and _stand_in(url.port, _STAND_IN_PORT),
        path=_stand_in(url.path),
        query=tuple((name, _stand_in(value, _STAND_INS.get(name, _STAND_IN))) for name, value in url.query),
    )


def _stand_in(component: Component, text: str = _STAND_IN) -> Component:
    """Return a component as it is, defaults included; or `text` when only the environment knows it."""
    return (text,) if missing(component, {}) else component

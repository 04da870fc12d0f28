"""Check a document against the schema of a profile. The one door to jsonschema.

jsonschema finds what is wrong; the words are ours, for its own print the values they complain about.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast

from connmgr.config.document import Path, dotted, is_word
from connmgr.config.familiar import advice, value_advice
from connmgr.config.resources import SCHEMA, resource
from connmgr.config.scalars import describe, seconds
from connmgr.config.words import accepted
from connmgr.problem import Code, Place, Problem

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

Kind: TypeAlias = Literal["profile", "base", "shared", "connection"]
_ENTRIES: Final[Mapping[Kind, str]] = {
    "profile": "#/$defs/profile",
    "base": "#/$defs/settings",
    "shared": "#/$defs/shared",
    "connection": "#/$defs/settings/properties/connection",
}

PATHS: Final = 4096
"""Paths to remember; files may be full of keys that no schema knows."""

Node: TypeAlias = Mapping[str, Any]
Locate: TypeAlias = Callable[[Path], Place]
Describe: TypeAlias = Callable[[Path, object], str]


def schema_text() -> str:
    """Return the schema as it ships, for editors."""
    return resource(SCHEMA).read_text(encoding="utf-8")


def schema() -> dict[str, Any]:
    """Return a copy of the schema as plain values."""
    return cast("dict[str, Any]", json.loads(schema_text()))


@cache
def _schema() -> dict[str, Any]:
    return schema()


@cache
def _settled_schema() -> dict[str, Any]:
    """Return the schema of settled values: what looks like a reference there was never meant as one."""
    root = _schema()
    return {**root, "$defs": {**root["$defs"], "reference": False}}


def _entry(kind: Kind, *, settled: bool) -> dict[str, Any]:
    """Return the schema of one kind of document."""
    root = _settled_schema() if settled else _schema()
    return {"$schema": root["$schema"], "$ref": _ENTRIES[kind], "$defs": root["$defs"]}


@cache
def _quick(kind: Kind, *, settled: bool) -> Callable[[object], bool]:
    # Imported at the first check: `connmgr schema` and `--help` need neither library.
    from jsonschema_rs import Draft202012Validator

    return Draft202012Validator(_entry(kind, settled=settled)).is_valid


@cache
def _validator(kind: Kind, *, settled: bool) -> Draft202012Validator:
    # A tenth of a second to import, and only needed when something is wrong.
    from jsonschema import Draft202012Validator

    return Draft202012Validator(_entry(kind, settled=settled))


@lru_cache(PATHS)
def definition(path: Path) -> Node | None:
    """Return what the schema says of the setting at `path`; None when it knows none."""
    node: Node | None = _schema()["$defs"]["settings"]
    for key in path:
        node = _properties(node).get(key) if node is not None else None
    return node


def _properties(node: Node) -> Mapping[str, Node]:
    """Return the keys of a mapping, or of those among several shapes that are one."""
    if "$ref" in node:
        return _properties(_schema()["$defs"][node["$ref"].rpartition("/")[2]])
    found = dict(node.get("properties", {}))
    for shape in node.get("anyOf", ()):
        found |= _properties(shape)
    return found


@cache
def settings() -> tuple[tuple[Path, Node], ...]:
    """Every setting and every group of settings that the schema knows, with its path."""
    return tuple(_settings(_schema()["$defs"]["settings"], ()))


def _settings(node: Node, path: Path) -> Iterator[tuple[Path, Node]]:
    for key, child in node.get("properties", {}).items():
        yield (*path, key), child
        yield from _settings(child, (*path, key))


@lru_cache(PATHS)
def is_secret(path: Path) -> bool:
    """Whether the value at `path` may hold a secret; so does whatever the schema does not know."""
    known = definition(path)
    return known is None or known.get("writeOnly") is True


@lru_cache(PATHS)
def is_text(path: Path) -> bool:
    """Whether the setting at `path` is text, whatever it looks like."""
    return (definition(path) or {}).get("type") in ("string", ["string", "null"])


@cache
def showable_keys() -> frozenset[str]:
    """Return the names of settings whose values may stand in a message wherever they are met."""
    return frozenset(path[-1] for path, _ in settings() if not is_secret(path))


def _describe(path: Path, value: object) -> str:
    return f"found {describe(value, hidden=is_secret(path))}"


def check(
    values: Mapping[str, object],
    *,
    place: Locate,
    key_place: Locate | None = None,
    found: Describe = _describe,
    settled: bool = False,
    kind: Kind = "profile",
) -> tuple[Problem, ...]:
    """Return what the schema has against `values`, one problem a setting.

    `place` and `key_place` say where the value and the key at a path stand; `found` puts a value that
    is refused into words. In `settled` values the references were replaced already, those in secrets
    excepted.
    """
    problems: dict[Path, Problem] = {}
    if not _is_valid(values, kind, settled=settled):
        for error in _validator(kind, settled=settled).iter_errors(values):
            _explain(error, problems, place, key_place or place, found, settled=settled)
        if not problems:
            problems[()] = _wrong((), values, place(()), found, settled=settled)
    for path, value in _too_long(values, ()):
        problems.setdefault(path, _wrong(path, value, place(path), found, settled=settled))
    return tuple(problems.values())


def _is_valid(values: Mapping[str, object], kind: Kind, *, settled: bool) -> bool:
    try:
        return _quick(kind, settled=settled)(values)
    except (ValueError, TypeError, OverflowError):
        # Half a surrogate pair, or a number beyond what Rust has: for the slow one to judge.
        return False


def _explain(
    error: ValidationError,
    problems: dict[Path, Problem],
    place: Locate,
    key_place: Locate,
    found: Describe,
    *,
    settled: bool,
) -> None:
    path = tuple(str(key) for key in error.absolute_path)
    if error.validator == "additionalProperties":
        for key in cast("dict[str, object]", error.instance):
            here = (*path, key)
            if definition(here) is None:
                problems[here] = _unknown(path, key, key_place(here))
    elif path:
        problems[path] = _wrong(path, error.instance, place(path), found, settled=settled)
    elif error.validator == "not":
        problems[("connection",)] = _both(key_place)
    elif error.validator == "anyOf":
        problems[("url",)] = _missing(place(()))


def _both(key_place: Locate) -> Problem:
    found = f"a connection here and a url in line {key_place(('url',)).line}"
    hint = "delete one; what a base says is cleared with url: null or connection: null"
    return Problem(
        key_place(("connection",)), "connection", found, "one of them", hint, code=Code.CONTRADICTION
    )


def _unknown(parent: Path, key: str, place: Place) -> Problem:
    named = f'unknown key "{key}"' if is_word(key) else "a key that is no word"
    known = tuple((definition(parent) or {})["properties"])
    return Problem(
        place,
        dotted((*parent, key)),
        named,
        ", ".join(known),
        advice(key, known, settings()),
        code=Code.UNKNOWN_KEY,
    )


def _missing(place: Place) -> Problem:
    words = accepted(definition(("url",)) or {}, _schema())
    hint = 'add a line such as url: "${DATABASE_URL}"'
    return Problem(place, "url", "the key is missing", words, hint, code=Code.MISSING_KEY)


def _wrong(path: Path, value: object, place: Place, found: Describe, *, settled: bool) -> Problem:
    words = accepted(definition(path) or {}, _settled_schema() if settled else _schema())
    # The advice is for what stands in a file, not for what a variable holds.
    hint = "" if settled else value_advice(value, secret=is_secret(path), text=is_text(path))
    return Problem(place, dotted(path), found(path, value), words, hint, code=Code.VALUE)


def _too_long(values: Mapping[str, object], path: Path) -> Iterator[tuple[Path, object]]:
    """Durations with a unit beyond the schema's bound on plain seconds, which no pattern can express."""
    for key, value in values.items():
        here = (*path, key)
        if isinstance(value, Mapping):
            yield from _too_long(value, here)
        elif isinstance(value, str) and is_duration(here):
            try:
                length = seconds(value)
            except ValueError:
                continue
            if length > _schema()["$defs"]["duration"]["anyOf"][0]["maximum"]:
                yield here, value


def is_located(values: Mapping[str, object]) -> bool:
    """Whether values say where a database is."""
    return any(key in values for key in ("url", "connection", "service")) or bool(values.get("libpq_env"))


@lru_cache(PATHS)
def is_duration(path: Path) -> bool:
    """Whether the setting at `path` is a duration."""
    return {"$ref": "#/$defs/duration"} in (definition(path) or {}).get("anyOf", ())

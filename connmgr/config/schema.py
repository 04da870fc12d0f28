"""Check values against the schema of a profile. The one door to jsonschema and jsonschema-rs.

The quick one of the two says yes or no; only after a no the slow one says where, and the words are ours,
for its own print the values they complain about.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast

from connmgr.config import registry_schema
from connmgr.config.paths import Path
from connmgr.config.resources import SCHEMA, resource
from connmgr.config.scalars import describe, seconds
from connmgr.problem import Place, Problem

if TYPE_CHECKING:
    from jsonschema import ValidationError

    from connmgr.config.refusals import Refusal

PATHS: Final = 4096
"""Paths to remember; files may be full of keys that no schema knows."""

Kind: TypeAlias = Literal["profile", "base", "registry"]
Node: TypeAlias = Mapping[str, Any]
Locate: TypeAlias = Callable[[Path], Place]
Describe: TypeAlias = Callable[[Path, object], str]

_ENTRIES: Final[Mapping[Kind, str]] = {"profile": "#/$defs/profile", "base": "#/$defs/settings"}


def schema_text() -> str:
    """Return the schema as it ships, for editors."""
    return resource(SCHEMA).read_text(encoding="utf-8")


def schema() -> dict[str, Any]:
    """Return a copy of the schema as plain values."""
    return cast("dict[str, Any]", json.loads(schema_text()))


@cache
def schema_of(*, settled: bool) -> dict[str, Any]:
    """Return the schema that values are checked against, not to be changed.

    In `settled` values, what looks like a reference was never meant as one, and nothing is left to clear.
    """
    root = schema()
    return {**root, "$defs": root["$defs"] | {"reference": False, "cleared": False}} if settled else root


def check(
    values: Mapping[str, object],
    *,
    place: Locate,
    key_place: Locate | None = None,
    found: Describe | None = None,
    settled: bool = False,
    kind: Kind = "profile",
    secrets: Container[object] = (),
) -> tuple[Problem, ...]:
    """Return what the schema has against `values`, one problem a setting.

    `place` and `key_place` say where the value and the key at a path stand; `found` puts a value that
    is refused into words. In `settled` values the references were replaced already, those in secrets
    excepted. What is among `secrets` is shown nowhere. Values nest as deep as the reader lets them, 50
    levels; hundreds would end the process.
    """
    refused = refusals(values, kind, settled=settled)
    beyond = _too_long(values)
    if not (refused or beyond):
        return ()
    # Words, and what finds near ones: not needed for a profile that is well-formed.
    from connmgr.config.refusals import Asked, explain

    asked = Asked(place, key_place or place, found or _describe, settled, secrets)
    return explain((*refused, *beyond), asked)


def _describe(path: Path, value: object) -> str:
    # Beneath a secret's key too: where the name of a variable should stand, someone wrote the secret.
    return f"found {describe(value, hidden=is_secret(path) or is_secret(path[:-1]))}"


def refusals(values: Mapping[str, object], kind: Kind, *, settled: bool) -> tuple[Refusal, ...]:
    """Return each rule that the values do not keep, not in words yet."""
    try:
        if _quick(kind, settled=settled)(values):
            return ()
        said_no = True
    except ValueError:
        # Half a surrogate pair, which Rust's texts cannot hold: for the slow one to judge.
        said_no = False
    from connmgr.config.refusals import UNEXPLAINED, Refusal

    refused = tuple(_refusal(error) for error in _slow(kind, settled=settled)(values))
    return refused or ((Refusal((), UNEXPLAINED, values),) if said_no else ())


def _refusal(error: ValidationError) -> Refusal:
    from connmgr.config.refusals import Refusal

    path = tuple(str(key) for key in error.absolute_path)
    parts = tuple(_refusal(part) for part in error.context or ())
    return Refusal(path, str(error.validator), error.instance, parts)


def _entry(kind: Kind, *, settled: bool) -> dict[str, Any]:
    """Return the schema of one kind of values."""
    if kind == "registry":
        return registry_schema.root()
    root = schema_of(settled=settled)
    return {"$schema": root["$schema"], "$ref": _ENTRIES[kind], "$defs": root["$defs"]}


@cache
def _quick(kind: Kind, *, settled: bool) -> Callable[[object], bool]:
    # Imported at the first check: `connmgr schema` and `--help` need neither library.
    from jsonschema_rs import Draft202012Validator

    return Draft202012Validator(_entry(kind, settled=settled)).is_valid


@cache
def _slow(kind: Kind, *, settled: bool) -> Callable[[object], Iterable[ValidationError]]:
    # A tenth of a second to import, and only needed when something is wrong.
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    strict: Any = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call] # no stub
    return cast(
        "Callable[[object], Iterable[ValidationError]]", strict(_entry(kind, settled=settled)).iter_errors
    )


def _pattern(_: object, pattern: str, value: object, __: object) -> Iterable[ValidationError]:
    """Judge a pattern as JSON Schema does: Python's own `$` also matches before a line break at the end."""
    from jsonschema import ValidationError

    if isinstance(value, str) and not re.search(re.sub(r"\$\Z", r"\\Z", pattern), value):
        yield ValidationError("no match")


@lru_cache(PATHS)
def definition(path: Path) -> Node | None:
    """Return what the schema says of the setting at `path`; None when it knows none."""
    node: Node | None = schema_of(settled=False)["$defs"]["settings"]
    for key in path:
        node = _properties(node).get(key) if node is not None else None
    return node


def _properties(node: Node) -> Mapping[str, Node]:
    """Return the keys of a mapping, or of those among several shapes that are one."""
    if "$ref" in node:
        return _properties(schema_of(settled=False)["$defs"][node["$ref"].rpartition("/")[2]])
    found = dict(node.get("properties", {}))
    for shape in node.get("anyOf", ()):
        found |= _properties(shape)
    return found


def keys_of(path: Path) -> tuple[str, ...]:
    """Return the keys that may stand below `path`."""
    return tuple(_properties(definition(path) or {}))


@cache
def settings() -> tuple[tuple[Path, Node], ...]:
    """Every setting and every group of settings that the schema knows, with its path.

    The keys of a secret's forms (`password.file`) are none of their own; `definition` knows them.
    """
    return tuple(_settings(schema_of(settled=False)["$defs"]["settings"], ()))


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


@lru_cache(PATHS)
def is_duration(path: Path) -> bool:
    """Whether the setting at `path` is a duration."""
    return {"$ref": "#/$defs/duration"} in (definition(path) or {}).get("anyOf", ())


@cache
def showable_keys() -> frozenset[str]:
    """Return the names whose values may stand in a message wherever met; not `command`, a form of secrets."""
    secret = {path for path, _ in settings() if is_secret(path)}
    secret |= {(*path, key) for path in secret for key in keys_of(path) if is_secret((*path, key))}
    return frozenset(path[-1] for path, _ in settings()) - {path[-1] for path in secret}


def is_located(values: Mapping[str, object]) -> bool:
    """Whether values say where a database is."""
    return any(key in values for key in ("url", "connection", "service")) or bool(values.get("libpq_env"))


def durations(values: Mapping[str, object]) -> Iterator[tuple[Path, object]]:
    """Yield the durations among nested values, those of any kind that are not there left out."""
    for group, keys in _duration_keys():
        mapping = values.get(group)
        if isinstance(mapping, dict | MappingProxyType):  # to ask for any `Mapping` takes much longer
            for key, value in mapping.items():
                if key in keys:
                    yield (group, key), value


@cache
def _duration_keys() -> tuple[tuple[str, frozenset[str]], ...]:
    paths = [path for path, _ in settings() if is_duration(path)]
    groups = dict.fromkeys(path[0] for path in paths)
    return tuple((group, frozenset(path[1] for path in paths if path[0] == group)) for group in groups)


def _too_long(values: Mapping[str, object]) -> tuple[Refusal, ...]:
    """Durations with a unit beyond the schema's bound on plain seconds, which no pattern can express."""
    too_long = [(path, value) for path, value in durations(values) if _is_too_long(value)]
    if not too_long:
        return ()
    from connmgr.config.refusals import Refusal

    return tuple(Refusal(path, "maximum", value) for path, value in too_long)


def _is_too_long(value: object) -> bool:
    # Three characters are 99 hours at most, and spare most durations their conversion.
    if not isinstance(value, str) or len(value) <= 3:
        return False
    try:
        length = seconds(value)
    except ValueError:
        return False
    return bool(length > schema_of(settled=False)["$defs"]["duration"]["anyOf"][0]["maximum"])

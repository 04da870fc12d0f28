"""Put what the schema has against some values into words."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from connmgr.config.familiar import advice, value_advice
from connmgr.config.libpq.words import REFUSED, REFUSED_VALUES, reason
from connmgr.config.paths import Path, dotted, is_word
from connmgr.config.scalars import describe
from connmgr.config.schema import (
    Describe,
    Locate,
    definition,
    is_secret,
    is_text,
    keys_of,
    schema_of,
    settings,
)
from connmgr.config.words import accepted
from connmgr.nearest import did_you_mean
from connmgr.problem import Code, Problem

UNEXPLAINED: Final = "unexplained"
"""The rule of values that one validator refuses and the other does not."""

MOST_LISTED: Final = 15
"""Keys that a message lists."""

_SEVERAL: Final = ("maxProperties", "oneOf")
"""The rules by which a mapping says one thing; of those, only a leaf is about several at once."""

_BESIDE: Final = ("ttl", "previous")
"""What may stand beside the one form of a secret."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One rule of the schema's (its keyword), and the value at `path` that does not keep it.

    `parts` is what each of several shapes has against the value.
    """

    path: Path
    rule: str
    value: object = field(repr=False)
    parts: tuple[Refusal, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """What `schema.check` was asked, for the words of its answer."""

    place: Locate
    key_place: Locate
    found: Describe
    settled: bool
    secrets: Container[object] = field(default=(), repr=False)

    def describe(self, path: Path, value: object) -> str:
        """Put a value that is refused into words, without itself when it is a secret from elsewhere."""
        return f"found {describe(value, hidden=True)}" if value in self.secrets else self.found(path, value)


def explain(refusals: Iterable[Refusal], asked: Asked) -> tuple[Problem, ...]:
    """Return a problem for each setting that is refused."""
    problems: dict[Path, Problem] = {}
    for refusal in refusals:
        for path, problem in _explained(refusal, asked):
            # A key that is not known is that, whatever its value is.
            if problem.code is Code.UNKNOWN_KEY or path not in problems:
                problems[path] = problem
    return tuple(problems.values())


def _explained(refusal: Refusal, asked: Asked) -> Iterator[tuple[Path, Problem]]:
    inside = [*_inside(refusal, refusal.parts)] if refusal.path else []
    if refusal.rule == "additionalProperties":
        yield from _unknown_keys(refusal, asked)
    elif inside:
        for part in inside:
            yield from _explained(part, asked)
    elif refusal.rule in _SEVERAL and len(_forms(refusal)) == 1:
        return  # what stands beside it is not known, and has its problem
    elif refusal.rule == UNEXPLAINED:
        yield (), _unexplained(asked)
    elif refusal.path:
        # Below a key that is not known, null is refused too; the key has its problem.
        if refusal.rule != "not" or definition(refusal.path) is not None:
            path = _setting(refusal.path)
            yield path, _wrong(path, refusal, asked)
    elif refusal.rule == "not":
        yield ("connection",), _both(asked)
    else:
        yield ("url",), _missing(asked)


def _inside(whole: Refusal, parts: Iterable[Refusal]) -> Iterator[Refusal]:
    """Yield the parts that say more than that the value has another shape; one deeper down says it all."""
    for part in parts:
        if len(part.path) > len(whole.path):
            yield part
        elif part.parts:
            yield from _inside(whole, part.parts)
        elif part.rule in ("additionalProperties", *_SEVERAL):
            yield part


def _unknown_keys(refusal: Refusal, asked: Asked) -> Iterator[tuple[Path, Problem]]:
    for key in cast("Mapping[str, object]", refusal.value):
        path = (*refusal.path, key)
        if definition(path) is not None:
            continue
        if is_secret(refusal.path) and not _is_form(path):
            yield refusal.path, _no_form(path, asked)
        elif path[0] == "connection" and key in REFUSED:
            yield path, _refused(path, asked)
        else:
            yield path, _unknown(path, asked)


def _is_form(path: Path) -> bool:
    """Whether a key is, or nearly is, one of those that say where a secret comes from."""
    forms = keys_of(("password",))
    return path[-1] in forms or did_you_mean(path[-1], forms) != ""


def _no_form(path: Path, asked: Asked) -> Problem:
    """Return the problem of a key that may be the secret: `{hunter2}` without quotes is a mapping to YAML."""
    found, words = "a key that is none of these", ", ".join(_known_forms(path[:-1]))
    hint = "quote a text that begins with {"
    return Problem(asked.key_place(path), dotted(path[:-1]), found, words, hint, code=Code.UNKNOWN_KEY)


def _refused(path: Path, asked: Asked) -> Problem:
    found = "a word of libpq's that connmgr cannot carry out"
    place = asked.key_place(path)
    return Problem(place, dotted(path), found, hint=REFUSED[path[-1]], code=Code.REFUSED_PARAMETER)


def _unknown(path: Path, asked: Asked) -> Problem:
    key, known, place = path[-1], keys_of(path[:-1]), asked.key_place(path)
    named = f'unknown key "{key}"' if is_word(key) else "a key that is no word"
    hint = advice(key, (), settings()) or reason(key) or did_you_mean(key, known)
    if key in asked.secrets:
        named, path = "an unknown key", (*path[:-1], "")
    return Problem(place, dotted(path), named, _listed(known, path), hint, code=Code.UNKNOWN_KEY)


def _listed(known: tuple[str, ...], path: Path) -> str:
    if len(known) <= MOST_LISTED:
        return ", ".join(known)
    return f"{', '.join(known[:6])} … (connmgr explain {dotted(path[:-1])} lists all)"


def _setting(path: Path) -> Path:
    """Return the setting that a path leads into: one in a list is that of the list."""
    while path and definition(path) is None:
        path = path[:-1]
    return path


def _wrong(path: Path, refusal: Refusal, asked: Asked) -> Problem:
    place, value = asked.place(refusal.path), refusal.value
    words = accepted(definition(path) or {}, schema_of(settled=asked.settled))
    if refusal.rule in _SEVERAL:
        found = f"found {' and '.join(_forms(refusal)) or 'several keys'} at once"
        return Problem(place, dotted(path), found, "one of them", code=Code.VALUE)
    if isinstance(value, Mapping) and value and set(value) <= {*_BESIDE}:
        found = f"found {' and '.join(value)}, and nothing that says where the secret is"
        return Problem(
            place, dotted(path), found, f"{', '.join(_known_forms(path))} beside it", code=Code.VALUE
        )
    if path[0] == "connection" and (why := REFUSED_VALUES.get((path[-1], str(value)))):
        found = asked.describe(path, value)
        return Problem(place, dotted(path), found, words, why, code=Code.REFUSED_PARAMETER)
    # The advice is for what stands in a file, not for what a variable holds.
    hidden = is_secret(path) or is_secret(path[:-1]) or value in asked.secrets
    hint = "" if asked.settled else value_advice(path, value, secret=hidden, text=is_text(path))
    return Problem(place, dotted(path), asked.describe(path, value), words, hint, code=Code.VALUE)


def _forms(refusal: Refusal) -> list[str]:
    """Return the forms of a secret that a mapping has. The schema's names alone: another key may be it."""
    written = cast("Mapping[str, object]", refusal.value)
    return [key for key in _known_forms(refusal.path) if key in written]


def _known_forms(path: Path) -> list[str]:
    return [key for key in keys_of(path) if key not in _BESIDE]


def _both(asked: Asked) -> Problem:
    place, other = asked.key_place(("connection",)), asked.key_place(("url",))
    found = f"a connection here and a url in line {other.line}"
    hint = "delete one of the two"
    return Problem(place, "connection", found, "one of them", hint, code=Code.CONTRADICTION)


def _missing(asked: Asked) -> Problem:
    found = "nothing says where the database is"
    words = "url, connection, service, libpq_env: true, or extends"
    hint = 'add a line such as url: "${DATABASE_URL}"'
    return Problem(asked.place(()), "url", found, words, hint, code=Code.MISSING_KEY)


def _unexplained(asked: Asked) -> Problem:
    found = "jsonschema-rs refuses what jsonschema accepts"
    hint = "look for a value that no person would write; this is a mistake of connmgr's, and worth a report"
    words = "what both validators accept"
    return Problem(asked.place(()), "", found, words, hint, code=Code.VALUE)

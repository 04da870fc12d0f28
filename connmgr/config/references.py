"""References to the environment inside a text: `${NAME}`, `${NAME:-default}`, `${NAME:?message}`.

`$$` is a dollar sign; a `$` before anything but `{` or `$` stands for itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from connmgr.config.scalars import printable
from connmgr.problem import Code, Place, Problem
from connmgr.secret import Secret

FORMS: Final = "${NAME}, ${NAME:-default} or ${NAME:?message}"

_MARK: Final = re.compile(r"\$\$|\$\{")
_BODY: Final = re.compile(
    r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*)|:\?(?P<message>.*))?", re.ASCII | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference. `fallback` and `message` are None when it has none.

    The fallback, `default` in the open, is wrapped: in a password it is one.
    """

    name: str
    fallback: Secret | None = None
    message: str | None = None

    @property
    def default(self) -> str | None:
        """What stands behind `:-`."""
        return None if self.fallback is None else self.fallback.reveal()

    def __str__(self) -> str:
        return f"${{{self.name}}}"

    def value(self, environ: Mapping[str, str]) -> str | None:
        """Return the value in `environ`, or the default; None when there is neither.

        A variable that is set but empty is a value for `${NAME}`, and none for the other two forms.
        """
        value = environ.get(self.name)
        if self.fallback is not None:
            return value or self.fallback.reveal()
        if self.message is not None:
            return value or None
        return value

    def unset(self, place: Place, path: str) -> Problem:
        """Return the problem to report when there is no value."""
        if self.message is not None:
            found = f"{self.name} is not set, or is empty"
            return Problem(place, path, found, hint=printable(self.message.strip()), code=Code.NOT_SET)
        hint = f"set {self.name}, or give a default: ${{{self.name}:-default}}"
        return Problem(place, path, f"{self.name} is not set", hint=hint, code=Code.NOT_SET)


Part: TypeAlias = str | Reference


class Malformed(ValueError):
    """A text holds a reference that cannot be read. The message holds nothing of the text."""


def parse(text: str) -> tuple[Part, ...]:
    """Split a text into literal parts and references, `$$` already a dollar sign.

    Raises:
        Malformed: a `${` begins no reference that can be read.
    """
    return tuple(_joined(_parts(text)))


def parse_readable(text: str) -> tuple[Part, ...]:
    """Split a text as `parse` does; a malformed one, which is a problem of its own, has no parts."""
    try:
        return parse(text)
    except Malformed:
        return ()


def _parts(text: str) -> Iterator[Part]:
    position = 0
    while mark := _MARK.search(text, position):
        yield text[position : mark.start()]
        if mark[0] == "$$":
            yield "$"
            position = mark.end()
            continue
        end = text.find("}", mark.end())
        if end < 0:
            raise Malformed("a reference without its closing brace")
        yield _reference(text[mark.end() : end])
        position = end + 1
    yield text[position:]


def _reference(body: str) -> Reference:
    if "${" in body.replace("$$", ""):
        raise Malformed("a reference inside a reference")
    match = _BODY.fullmatch(body)
    if match is None:
        raise Malformed("a reference without a name" if not body.strip() else "a reference that is misspelt")
    default, message = (part if part is None else part.replace("$$", "$") for part in match.groups()[1:])
    return Reference(match["name"], None if default is None else Secret(default), message)


def _joined(parts: Iterable[Part]) -> Iterator[Part]:
    """Neighbouring literal parts as one, empty ones left out."""
    literal = ""
    for part in parts:
        if isinstance(part, str):
            literal += part
            continue
        if literal:
            yield literal
        literal = ""
        yield part
    if literal:
        yield literal


def unclosed(text: str) -> bool:
    """Whether a text ends inside a reference."""
    opening = text.rfind("${")
    return opening >= 0 and "}" not in text[opening:]


def references(parts: Iterable[Part]) -> tuple[Reference, ...]:
    """Return the references among `parts`, in their order."""
    return tuple(part for part in parts if isinstance(part, Reference))


def named(found: Iterable[Reference], what: str = "") -> str:
    """Say for a message which variables a value came from: `, from A and B`; empty for none."""
    names = dict.fromkeys(reference.name for reference in found)
    return f", from {what}{' and '.join(names)}" if names else ""


def missing(parts: Iterable[Part], environ: Mapping[str, str]) -> tuple[Reference, ...]:
    """Return the references among `parts` that have no value in `environ`."""
    return tuple(part for part in references(parts) if part.value(environ) is None)


def substitute(parts: Iterable[Part], environ: Mapping[str, str]) -> str:
    """Return the text with every reference replaced; those in `missing` become empty."""
    return "".join(part if isinstance(part, str) else part.value(environ) or "" for part in parts)

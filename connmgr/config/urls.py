"""Take a database URL apart, references and all.

References are marked before the URL is split and put in after, each as a part of one component: whatever
a password holds, it cannot end its component. Literal text is percent-decoded once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from connmgr.config.libpq.words import SECRETS
from connmgr.config.references import Part, Reference, substitute
from connmgr.config.scalars import unsafe_character
from connmgr.secret import Secret

Component: TypeAlias = tuple[Part, ...]
Hidden: TypeAlias = tuple[Secret | Reference, ...]

POSTGRES: Final = ("postgresql", "postgres", "postgresql+asyncpg")
SQLITE: Final = ("sqlite", "sqlite+aiosqlite")
SHAPES: Final = "postgresql://user@host:5432/dbname, or sqlite:///file.db"
ESCAPES: Final = "a password that holds : / ? # or @ stands best in a reference, or under the key password"

_BRACKETS: Final = "postgresql://[::1]:5432/dbname"
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*", re.ASCII)
_MARK: Final = re.compile(r"\0([0-9]+)\0")
_NO_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})", re.ASCII)


class BadUrl(ValueError):
    """A URL cannot be taken apart; what is said of it holds nothing of it."""

    def __init__(self, found: str, accepted: str = SHAPES, hint: str = "") -> None:
        super().__init__(found)
        self.found = found
        self.accepted = accepted
        self.hint = hint


class Address(NamedTuple):
    """One host and its port, each empty where it is not written."""

    host: Component
    port: Component


@dataclass(frozen=True, slots=True, eq=False)
class Url:
    """A URL in its components; None where it has none. `query` keeps order and doubles.

    The literal parts of secrets are wrapped.
    """

    scheme: str
    user: Component | None = field(repr=False)
    password: Hidden | None
    addresses: tuple[Address, ...] = field(repr=False)
    path: Component = field(repr=False)
    query: tuple[tuple[str, Component | Hidden], ...] = field(repr=False)


def starts_with_reference(parts: Component) -> bool:
    """Whether a URL begins with a reference that holds the scheme and more, or all of it."""
    first, *rest = parts
    return isinstance(first, Reference) and not (rest and str(rest[0]).startswith("://"))


def leading(parts: Component, environ: Mapping[str, str]) -> Component:
    """Put in the reference that a URL begins with, as URL text."""
    if not starts_with_reference(parts):
        return parts
    return (substitute(parts[:1], environ), *parts[1:])


def split(parts: Iterable[Part]) -> Url:
    """Return the components of a URL.

    Raises:
        BadUrl: it has no scheme, or one that no driver serves, or its parts cannot be told apart.
    """
    marked = _Marked(parts)
    scheme, separator, rest = marked.text.partition("://")
    if not separator or not _SCHEME.fullmatch(scheme):
        hint = "write a reference with braces: ${NAME}" if scheme.startswith("$") else ""
        raise BadUrl("a url without a scheme", hint=hint)
    scheme = scheme.lower()
    rest, _, query = rest.partition("?")
    if scheme in SQLITE:
        host, _, path = rest.partition("/")
        addresses = (Address(marked.component(host), ()),) if host else ()
        return Url(scheme, None, None, addresses, marked.component(path), (*marked.pairs(query),))
    if scheme not in POSTGRES:
        raise BadUrl("a scheme that connmgr does not serve", ", ".join((*POSTGRES, *SQLITE)))
    if "#" in rest or "#" in query:
        raise BadUrl("a # inside the url", hint=f"write it as %23; {ESCAPES}")
    return _postgres(scheme, marked, rest, query)


def _postgres(scheme: str, marked: _Marked, rest: str, query: str) -> Url:
    authority, _, path = rest.partition("/")
    if "@" in path:
        # The / stood in a password: taken for a database name, the rest of it would be shown and sent.
        raise BadUrl("a @ after the host", hint=f"{ESCAPES}; a @ in a database name is %40")
    userinfo, _, hosts = authority.rpartition("@")
    user, _, password = userinfo.partition(":")
    return Url(
        scheme,
        marked.component(user) if user else None,
        marked.hidden(password) if password else None,
        tuple(_address(marked, address) for address in hosts.split(",")) if hosts else (),
        marked.component(path),
        (*marked.pairs(query),) if query else (),
    )


def _address(marked: _Marked, address: str) -> Address:
    host, colon, port = _bracketed(address) if address.startswith("[") else address.partition(":")
    if ":" in port:
        hint = f"put an IPv6 address into brackets; {ESCAPES}"
        raise BadUrl("more than one colon after the user", _BRACKETS, hint)
    return Address(marked.component(host), marked.component(port) if colon else ())


def _bracketed(address: str) -> tuple[str, str, str]:
    host, bracket, port = address[1:].partition("]")
    if not bracket or (port and not port.startswith(":")):
        raise BadUrl("an IPv6 address whose bracket is not closed", _BRACKETS)
    if not host:
        raise BadUrl("brackets without an IPv6 address", _BRACKETS)
    return host, port[:1], port[1:]


class _Marked:
    """A URL whose references are replaced by marks that no URL can hold."""

    def __init__(self, parts: Iterable[Part]) -> None:
        self._references: list[Reference] = []
        self.text = "".join(part if isinstance(part, str) else self._mark(part) for part in parts)

    def _mark(self, reference: Reference) -> str:
        self._references.append(reference)
        return f"\0{len(self._references) - 1}\0"

    def component(self, text: str) -> Component:
        """Return the parts of one component, literal text decoded."""
        if not self._references:
            return (_decoded(text),) if text else ()
        pieces = _MARK.split(text)
        parts: list[Part] = []
        for literal, index in zip(pieces[::2], [*pieces[1::2], ""], strict=True):
            if literal:
                parts.append(_decoded(literal))
            if index:
                parts.append(self._references[int(index)])
        return tuple(parts)

    def hidden(self, text: str) -> Hidden:
        """Return the parts of a secret."""
        return tuple(Secret(part) if isinstance(part, str) else part for part in self.component(text))

    def pairs(self, query: str) -> Iterator[tuple[str, Component | Hidden]]:
        """Yield every `name=value` of the query."""
        for pair in filter(None, query.split("&")):
            name, _, value = pair.partition("=")
            name = _decoded(name)
            yield name, self.hidden(value) if name in SECRETS else self.component(value)


def _decoded(literal: str) -> str:
    if "%" not in literal:
        return literal
    from urllib.parse import unquote  # most URLs have no escape, and `validate` reads thousands

    if _NO_ESCAPE.search(literal):
        raise BadUrl("a % that begins no escape", "%25 for a percent sign", ESCAPES)
    try:
        text = unquote(literal, errors="strict")
    except UnicodeDecodeError:
        raise BadUrl("a percent-escape that is not UTF-8", "%C3%A9 for é", ESCAPES) from None
    if unsafe := unsafe_character(text):
        raise BadUrl(f"{unsafe} inside the url", "text without control characters")
    return text

"""Take a database URL apart, references and all.

References are marked before the URL is split and put in after, each as a part of one component: whatever
a password holds, it cannot end its component. Literal text is percent-decoded once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import unquote

from connmgr.config.references import Part, Reference, named, references, substitute
from connmgr.problem import Code, Place, Problem

Component: TypeAlias = tuple[Part, ...]

POSTGRES: Final = ("postgresql", "postgres", "postgresql+asyncpg")
SQLITE: Final = ("sqlite", "sqlite+aiosqlite")
SHAPES: Final = "postgresql://user@host:5432/dbname, or sqlite:///file.db"
ESCAPES: Final = "a password that holds : / ? # or @ stands best in a reference, or under the key password"

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*", re.ASCII)
_MARK: Final = re.compile(r"\0([0-9]+)\0")


class Fault(NamedTuple):
    """One thing wrong with a URL, in words that hold nothing of it.

    `origin` are the references of the component that is wrong.
    """

    found: str
    accepted: str = ""
    hint: str = ""
    origin: tuple[Reference, ...] = ()

    def problem(self, place: Place, parts: Component) -> Problem:
        """Return the fault as a problem of the URL made of `parts`.

        A component without references of its own came from the one that the URL begins with, if any.
        """
        origin = named(self.origin or references(parts[:1]))
        return Problem(place, "url", f"{self.found}{origin}", self.accepted, self.hint, code=Code.URL)


class BadUrl(ValueError):
    """A URL is wrong; `faults` says in how many ways."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(fault.found for fault in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Url:
    """A URL in its components; None where it has none. `query` keeps order and doubles."""

    scheme: str
    user: Component | None = field(repr=False)
    password: Component | None = field(repr=False)
    host: Component
    port: Component | None
    path: Component
    query: tuple[tuple[str, Component], ...] = field(repr=False)


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
        raise BadUrl(Fault("a url without a scheme", SHAPES, hint))
    scheme = scheme.lower()
    rest, _, query = rest.partition("?")
    pairs = tuple(marked.pair(pair) for pair in query.split("&") if pair)
    if scheme in SQLITE:
        return Url(
            scheme, None, None, marked.component(_sqlite_host(rest)), None, _sqlite_path(marked, rest), pairs
        )
    if scheme not in POSTGRES:
        raise BadUrl(Fault("a scheme that connmgr does not serve", ", ".join((*POSTGRES, *SQLITE))))
    if "#" in rest + query:
        raise BadUrl(Fault("a # inside the url", SHAPES, f"write it as %23; {ESCAPES}"))
    return _postgres(scheme, marked, rest, pairs)


def _sqlite_host(rest: str) -> str:
    return rest.partition("/")[0]


def _sqlite_path(marked: _Marked, rest: str) -> Component:
    return marked.component(rest.partition("/")[2])


def _postgres(scheme: str, marked: _Marked, rest: str, query: tuple[tuple[str, Component], ...]) -> Url:
    authority, _, path = rest.partition("/")
    if "@" in path:
        # The / stood in a password: taken for a database name, the rest of it would be shown and sent.
        raise BadUrl(Fault("a @ after the host", SHAPES, f"{ESCAPES}; a @ in a database name is %40"))
    userinfo, at, address = authority.rpartition("@")
    user, colon, password = userinfo.partition(":")
    host, port = _address(address)
    return Url(
        scheme,
        marked.component(user) if at and user else None,
        marked.component(password) if colon and password else None,
        marked.component(host),
        marked.component(port) if port else None,
        marked.component(path),
        query,
    )


def _address(address: str) -> tuple[str, str]:
    if "," in address:
        raise BadUrl(Fault("several hosts", "one host", "several hosts are not in this version"))
    if address.startswith("["):
        host, bracket, port = address[1:].partition("]")
        if not bracket or (port and not port.startswith(":")):
            raise BadUrl(
                Fault("an IPv6 address whose bracket is not closed", "postgresql://[::1]:5432/dbname")
            )
        return host, port[1:]
    if address.count(":") > 1:
        hint = f"put an IPv6 address into brackets; {ESCAPES}"
        raise BadUrl(Fault("more than one colon after the user", "postgresql://[::1]:5432/dbname", hint))
    host, _, port = address.partition(":")
    return host, port


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
        pieces = _MARK.split(text)
        parts: list[Part] = []
        for literal, index in zip(pieces[::2], [*pieces[1::2], ""], strict=True):
            if literal:
                parts.append(_decoded(literal))
            if index:
                parts.append(self._references[int(index)])
        return tuple(parts)

    def pair(self, text: str) -> tuple[str, Component]:
        """One `name=value` of the query."""
        name, _, value = text.partition("=")
        return name, self.component(value)


def _decoded(literal: str) -> str:
    try:
        return unquote(literal, errors="strict")
    except UnicodeDecodeError:
        raise BadUrl(Fault("a percent-escape that is not UTF-8", "%C3%A9 for é", ESCAPES)) from None

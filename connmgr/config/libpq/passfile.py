"""A password that stands in a password file of libpq's: `~/.pgpass`.

A line is `hostname:port:database:username:password`, or a comment (`#`); `*` stands for anything, and a
backslash takes what follows as it is. The first line that fits counts.
Rules: passwordFromFile in libpq's fe-connect.c (PostgreSQL 17).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from connmgr.config.files import shown
from connmgr.config.libpq.regular import NotRead, read_regular
from connmgr.config.secrets.aside import Aside
from connmgr.config.secrets.base import Answer, Context, Source
from connmgr.config.secrets.contents import without_unsafe
from connmgr.config.secrets.file import DEADLINE
from connmgr.problem import Code, Problem
from connmgr.secret import Secret
from connmgr.target import Server

# What libpq is built with, by PostgreSQL itself and by the distributions. To it such a socket is localhost.
_DEFAULT_DIRECTORIES: Final = ("/tmp", "/var/run/postgresql")  # noqa: S108 - compared, and never opened

_FIELD: Final = r"((?:\\.|[^:\\])*):"
_LINE: Final = re.compile(_FIELD * 4 + r"((?:\\.|[^:])*)", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_ACCEPTED: Final = "a line hostname:port:database:username:password"


class _Entry(NamedTuple):
    """The password of the line that fits, and that line, counted from 1."""

    password: Secret
    line: int


def passfile_source(
    path: str,
    servers: Sequence[Server],
    dbname: str,
    user: str | None,
    context: Context,
    *,
    optional: bool = False,
) -> Source:
    """Return the source for the password that a password file has for a user of these servers.

    A relative path begins at the profile's directory. With `optional`, as for a file that nobody named,
    no file and no line that fits are no password: an empty one.
    """
    return PassfileSource(path, tuple(servers), dbname, user, context, optional=optional)


class PassfileSource(Source):
    """A password file, read each time, off the event loop."""

    __slots__ = ("_dbname", "_optional", "_path", "_reading", "_servers", "_user")

    def __init__(
        self,
        path: str,
        servers: tuple[Server, ...],
        dbname: str,
        user: str | None,
        context: Context,
        *,
        optional: bool,
    ) -> None:
        super().__init__(context)
        self._path = path
        self._servers = servers
        self._dbname = dbname
        self._user = user
        self._optional = optional
        self._reading = Aside(self._read, "connmgr-passfile")

    def describe(self) -> str:
        """Say which file: `passfile /home/orders/.pgpass`."""
        return f"passfile {shown(self._path)}"

    def problems(self) -> tuple[Problem, ...]:
        """Return what keeps the file from giving the password."""
        answer = self.ask_now()
        return () if isinstance(answer, Secret) else answer

    def written(self) -> tuple[object, ...]:
        """Return the path, what it is relative to, and what is looked up."""
        return (self._path, self._context.root, self._servers, self._dbname, self._user, self._optional)

    async def ask(self) -> Answer:
        """Return the password that the file has now."""
        try:
            return await self._reading.result(DEADLINE)
        except TimeoutError:
            return self._late()

    def ask_now(self) -> Answer:
        """Return the password that the file has now, blocking for `DEADLINE` seconds at most."""
        try:
            return self._reading.result_now(DEADLINE)
        except TimeoutError:
            return self._late()

    def _late(self) -> Answer:
        hint = "is it on a network file system whose server is away?"
        return self._refused(f"{self.describe()} could not be read within {DEADLINE:g} s", hint=hint)

    def _read(self) -> Answer:
        text = read_regular(self._path, self._context.root, private=True)
        if not isinstance(text, NotRead):
            return self._agreed([_entry(text, server, self._dbname, self._user) for server in self._servers])
        if self._optional and not text.there:
            return Secret("")
        return self._refused(f"{self.describe()}: {text.found}", text.accepted, text.hint)

    def _agreed(self, entries: Sequence[_Entry | None]) -> Answer:
        """Return the one password: a server must not be sent what is another's."""
        first, *others = entries
        for server, entry in zip(self._servers[1:], others, strict=True):
            if (entry and entry.password) != (first and first.password):
                return self._torn(_said(self._servers[0], first), _said(server, entry))
        if first and first.password.reveal():
            return without_unsafe(first.password, f"{self.describe()}, line {first.line}", self._context)
        return Secret("") if self._optional else self._nothing(first)

    def _torn(self, one: str, other: str) -> Answer:
        found = f"{self.describe()} has not the same password for all servers: {one}, {other}"
        return self._refused(found, "one password for all of them", "make a profile for each")

    def _nothing(self, entry: _Entry | None) -> Answer:
        if entry:
            return self._refused(f"{self.describe()} has an empty password in line {entry.line}")
        looked_up = (
            f"{self._servers[0]}, database {shown(self._dbname)}, user {shown(self._user or '(none)')}"
        )
        return self._refused(f"{self.describe()} has no line for {looked_up}")

    def _refused(self, found: str, accepted: str = _ACCEPTED, hint: str = "") -> Answer:
        return (self._context.problem(Code.FILE_REFERENCE, found, accepted, hint),)


def _entry(text: Secret, server: Server, dbname: str, user: str | None) -> _Entry | None:
    """Return the first line that fits; None as well without a database or a user, as in libpq."""
    if not dbname or not user:
        return None
    host = server.host or server.hostaddr or ""
    hosts = ("localhost", host) if host in _DEFAULT_DIRECTORIES else (host,)
    wanted = (hosts, (str(server.port),), (dbname,), (user,))
    for number, line in enumerate(text.reveal().split("\n"), start=1):
        fields = None if line.startswith("#") else _LINE.match(line.rstrip("\r"))
        if fields and all(
            written == "*" or _ESCAPE.sub(r"\1", written) in accepted
            for written, accepted in zip(fields.groups()[:4], wanted, strict=True)
        ):
            return _Entry(Secret(_ESCAPE.sub(r"\1", fields[5])), number)
    return None


def _said(server: Server, entry: _Entry | None) -> str:
    return f"{server} has that of line {entry.line}" if entry else f"{server} has none"

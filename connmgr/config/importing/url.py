"""Import a database URL: the URL itself, without its password."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import quote, unquote

from connmgr.config.importing.draft import Draft, check, literal, reason
from connmgr.config.importing.imported import BadSource, Imported, LeftOut
from connmgr.config.importing.names import fitting
from connmgr.config.libpq.words import known
from connmgr.config.libpq.words import reason as reason_of_word
from connmgr.config.references import parse_readable, references
from connmgr.config.scalars import unsafe_character

_SCHEMES: Final = {
    "postgres": "postgresql",
    "postgresql": "postgresql",
    "postgis": "postgresql",
    "sqlite": "sqlite",
    "sqlite3": "sqlite",
}
_OURS: Final = ("", "asyncpg", "aiosqlite")
_SCHEME: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9]*)(?:\+(?P<driver>[A-Za-z0-9_]+))?://", re.ASCII)
_DOLLAR: Final = re.compile(
    r"\$\$|(?P<reference>\$\{[A-Za-z_][A-Za-z0-9_]*(?::[-?][^}$]*)?\})|\$(?=[${])", re.ASCII
)
_MARK: Final = re.compile(r"\0([0-9]+)\0")
# Without these the url would lead to another database: it is refused as a whole with one of them.
_WHERE: Final = ("host", "hostaddr", "port", "dbname", "user")
_DECISIVE: Final = ("sslmode", "sslcert", "sslrootcert")
_ESCAPES: Final = "inside a password they are %2F, %3F, %23 and %40"


class _Address(NamedTuple):
    """What stands between the scheme and the parameters of a URL, as written."""

    user: str
    password: str
    hosts: str
    path: str


def import_url(text: str, name: str | None = None) -> Imported:
    """Return the one profile of a URL; its `${NAME}` stay references.

    Without a `name` the profile is called after the database.

    Raises:
        BadSource: it is no URL of a database, or one that no profile can have.
    """
    database = _database(text)
    draft = Draft(name or fitting(database))
    put_url(draft, _DOLLAR.sub(_as_written, text))
    if not draft.finish():
        raise BadSource(draft.left_out[-1].reason)
    if not name and database and database != draft.name:
        renamed = f"the database's name does not fit a profile, which is called {draft.name}"
        draft.left_out.append(LeftOut(draft.name, None, renamed))
    return Imported({draft.name: draft.values}, tuple(draft.left_out))


def put_url(draft: Draft, text: str, line: int | None = None) -> None:
    """Say in `draft` what a URL says: `url`, and where the password comes from.

    The text is a profile's already: `${NAME}` is a reference, `$$` a dollar sign.

    Raises:
        BadSource: it is no URL of a database.
    """
    if unsafe := unsafe_character(text):
        raise BadSource(f"{unsafe} inside the url")
    marked = _Marked(text)
    if marked.text.startswith("\0"):
        draft.put("url", _referred(draft, marked, line), line)
        return
    scheme, driver, rest = _scheme(marked.text)
    if driver not in _OURS:
        draft.leave(f"url.{driver}", "a driver of another program; connmgr has its own", line)
    rest, _, query = rest.partition("?")
    parameters = [pair.partition("=") for pair in query.split("&") if pair]
    pairs = [(key, marked.restored(value)) for key, _, value in parameters]
    if scheme == "sqlite":
        for key, _ in pairs:
            draft.leave(f"url.{_shown(key)}", "SQLite has no parameters here", line)
        draft.put("url", f"sqlite://{marked.restored(rest)}", line)
    else:
        _put_postgres(draft, _Address(*map(marked.restored, _address(rest, query))), pairs, line)


def _put_postgres(draft: Draft, address: _Address, pairs: list[tuple[str, str]], line: int | None) -> None:
    if any(":" in (each.default or "") for each in references(parse_readable(address.user))):
        raise BadSource("a user whose default holds a colon, and so perhaps a password")
    user = f"{address.user}@" if address.user else ""
    kept = "&".join(_parameters(draft, pairs, line))
    url = f"postgresql://{user}{address.hosts}{address.path}"
    draft.put("url", f"{url}?{kept}" if kept else url, line)
    if address.password:
        draft.put_secret("password", address.password, line)


def _as_written(match: re.Match[str]) -> str:
    """Return what a dollar sign of a program's URL is in a profile's, a reference as it is."""
    return match[0] if match["reference"] else literal(match[0])


def _referred(draft: Draft, marked: _Marked, line: int | None) -> str:
    """Return a URL that begins with a reference, without a default that holds a password."""
    rest = _MARK.sub("", marked.text)
    if "@" in rest or "password" in rest.lower():
        raise BadSource("a reference before the user or the password; put the whole url into the variable")
    first = references(parse_readable(marked.restored(marked.text)))[0]
    if not first.default or _has_no_password(first.default):
        return marked.restored(marked.text)
    draft.leave("url", f"a secret is not copied: {first.name} has to be set, it has no default", line)
    return f"{first}{marked.restored(_MARK.sub('', marked.text, count=1))}"


def _has_no_password(url: str) -> bool:
    draft = Draft("")
    try:
        put_url(draft, url)
    except BadSource:
        return False
    return (
        not any(left.key.endswith("password") for left in draft.left_out) and "password" not in draft.values
    )


def _scheme(text: str) -> tuple[str, str, str]:
    match = _SCHEME.match(text)
    scheme = _SCHEMES.get(match["scheme"].lower()) if match else None
    if match is None or scheme is None:
        raise BadSource("no url of a database that connmgr serves; accepted: postgresql://…, sqlite://…")
    return scheme, match["driver"] or "", text[match.end() :]


def _address(rest: str, query: str) -> _Address:
    authority, slash, path = rest.partition("/")
    if "@" in path + query or "#" in rest + query:
        # Cut at its / or ?, the rest of a password would be taken for a database and be printed.
        raise BadSource(f"a /, ?, # or @ that has to be escaped in the url; {_ESCAPES}")
    userinfo, _, hosts = authority.rpartition("@")
    user, _, password = userinfo.partition(":")
    if "@" in user:
        raise BadSource(f"two @ in the url; {_ESCAPES}")
    return _Address(user, password, hosts, slash + path)


def _parameters(draft: Draft, pairs: list[tuple[str, str]], line: int | None) -> Iterator[str]:
    """Yield the parameters that a profile's url takes, each as `key=value`."""
    decisive = [(key, value) for key, value in pairs if key in _DECISIVE]
    company = "&".join(f"{key}={value}" for key, value in decisive if not _refused(key, value, ""))
    for key, value in pairs:
        if key == "password":
            draft.put_secret("password", unquote(value), line)
        elif key == "sslpassword":
            yield f"{key}={draft.secret(f'url.{key}', value, line)}"
        elif (key, value) == ("ssl", "true"):
            # libpq's own translation, for URLs that were JDBC's.
            yield "sslmode=require"
        elif refused := _refused(key, value, company):
            draft.leave(f"url.{_shown(key)}", refused, line)
        else:
            yield f"{key}={value}"


def escaped_path(text: str) -> str:
    """Return a path of a profile as its url has it, percent-escaped, references as they are."""
    marked = _Marked(text)
    return marked.restored(quote(marked.text, safe="/ $\0"))


def _refused(key: str, value: str, company: str) -> str:
    """Say why the url of a profile would refuse a parameter; empty when it takes it.

    One that is refused alone may be right in the `company` of others: a key beside its certificate.
    """
    if key in _WHERE:
        return ""
    url = f"postgresql://user@localhost/dbname?{key}={value}"
    refused = check({"url": url})
    if refused and company and key not in _DECISIVE and not check({"url": f"{url}&{company}"}):
        return ""
    return "; ".join(map(reason, refused))


def _shown(key: str) -> str:
    """Return the name of a parameter that someone knows; any other may be half of a password."""
    return key if key in known() or reason_of_word(key) else "…"


def _database(text: str) -> str:
    """Return what the database of a URL is called; empty when that is not to be seen."""
    path = _MARK.sub("", _Marked(text).text).partition("?")[0].partition("://")[2]
    if path.startswith("/") or text.lower().startswith("sqlite"):
        return unquote(path).rpartition("/")[2].partition(".")[0]
    return unquote(path.partition("/")[2]) if "@" not in path.partition("/")[2] else ""


class _Marked:
    """A text whose references are replaced by marks, so that what they hold cannot end a component."""

    def __init__(self, text: str) -> None:
        self._references: list[str] = []
        self.text = _DOLLAR.sub(self._mark, text)

    def _mark(self, match: re.Match[str]) -> str:
        if not match["reference"]:
            return match[0]
        self._references.append(match[0])
        return f"\0{len(self._references) - 1}\0"

    def restored(self, text: str) -> str:
        """Return a piece of the text with its references."""
        return _MARK.sub(lambda mark: self._references[int(mark[1])], text)

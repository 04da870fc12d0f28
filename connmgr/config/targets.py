"""Make the target of a profile from the components of its URL."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Final, NamedTuple, cast, get_args

from connmgr.config.document import Path
from connmgr.config.references import Reference, references, substitute
from connmgr.config.scalars import unsafe_character
from connmgr.config.urls import ESCAPES, SHAPES, SQLITE, BadUrl, Component, Fault, Url
from connmgr.problem import Code, Place, Problem
from connmgr.secret import SecretSource
from connmgr.target import PostgresTarget, Server, SQLiteTarget, SSLMode, Target

SSL_MODES: Final = cast("tuple[str, ...]", get_args(SSLMode))
PARAMETERS: Final = (
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "application_name",
    "connect_timeout",
    "host",
)
# Words that others take in a URL: they may be shown, where an unknown one may be half a password.
_FOREIGN_WORDS: Final = (
    "ssl options target_session_attrs channel_binding gssencmode service passfile user password dbname port "
    "hostaddr client_encoding keepalives sslcrl sslpassword prepared_statement_cache_size command_timeout "
    "server_settings timeout mode cache uri check_same_thread isolation_level"
)
_SHOWABLE: Final = frozenset((*PARAMETERS, *_FOREIGN_WORDS.split()))
_HOST: Final = re.compile(r"[\w.-]+")


@dataclass(frozen=True, slots=True)
class Values:
    """What a URL comes to. `connect_timeout` is in seconds, None when the URL has none."""

    target: Target
    connect_timeout: float | None = None


def build_target(
    url: Url, name: str, environ: Mapping[str, str], password: SecretSource | None = None
) -> Values:
    """Return the target of the profile `name`.

    Raises:
        BadUrl: with everything that is wrong with the URL's components.
    """
    return _sqlite(url, environ) if url.scheme in SQLITE else _postgres(url, name, environ, password)


def conflicts(
    url: Url, built: Values, place: Callable[[Path], Place], *, has_password: bool, has_connect: bool
) -> Iterator[Problem]:
    """Yield a problem for each thing that both the url and a key of its own say."""
    if has_password and isinstance(built.target, SQLiteTarget):
        found = "a password for SQLite, which has none"
        yield Problem(
            place(("password",)), "password", found, "no password", "delete the line", code=Code.CONTRADICTION
        )
    elif has_password and url.password is not None:
        found = "a password here and one in the url"
        yield Problem(
            place(("password",)),
            "password",
            found,
            "one of them",
            "delete the one in the url",
            code=Code.CONTRADICTION,
        )
    if has_connect and built.connect_timeout is not None:
        found = "timeouts.connect here and connect_timeout in the url"
        path = ("timeouts", "connect")
        yield Problem(
            place(path),
            "timeouts.connect",
            found,
            "one of them",
            "delete the one in the url",
            code=Code.CONTRADICTION,
        )


def _sqlite(url: Url, environ: Mapping[str, str]) -> Values:
    faults = [_unknown_parameter(name, ()) for name, _ in url.query]
    if url.host:
        accepted = "sqlite:///relative.db or sqlite:////absolute.db"
        hint = "write three slashes or four"
        faults.append(Fault("a host in the url of a SQLite file", accepted, hint, references(url.host)))
    path = _part("path", url.path, environ, faults)
    if path.value.startswith("file:"):
        hint = "write a plain path, or sqlite:// for memory"
        faults.append(Fault("a file: URI", "sqlite:///relative.db", hint, path.origin))
    file = None if path.value in {"", ":memory:"} else _absolute(path, faults)
    if faults:
        raise BadUrl(*faults)
    return Values(SQLiteTarget(file))


def _absolute(path: _Text, faults: list[Fault]) -> str:
    try:
        return str(FilePath(path.value).absolute())
    except OSError as error:
        found = f"a relative path, and no current directory ({error.strerror or type(error).__name__})"
        hint = "change to a directory that exists"
        faults.append(Fault(found, "sqlite:////absolute.db", hint, path.origin))
        return path.value


def _postgres(url: Url, name: str, environ: Mapping[str, str], password: SecretSource | None) -> Values:
    faults: list[Fault] = []
    query = _query(url, environ, faults)
    user = _part("user", url.user, environ, faults).value or None
    host = _host(_part("host", url.host, environ, faults), query.get("host"), faults)
    dbname = _part("database name", url.path, environ, faults).value or user
    if url.password is not None:
        _text(url.password, environ, faults)
    if not (dbname or url.user or url.path):
        faults.append(Fault("neither a user nor a database", "postgresql://user@host:5432/dbname"))
    port = _port(_part("port", url.port, environ, faults), faults)
    sslmode = _sslmode(query.get("sslmode"), host, faults)
    connect_timeout = _connect_timeout(query.get("connect_timeout"), faults)
    if faults:
        raise BadUrl(*faults)
    plain = {key: text.value for key, text in query.items()}
    target = PostgresTarget(
        servers=(Server(host, port),),
        dbname=str(dbname),
        user=user,
        password=password,
        sslmode=sslmode,
        application_name=plain.get("application_name") or f"connmgr/{name}",
        sslrootcert=plain.get("sslrootcert"),
        sslcert=plain.get("sslcert"),
        sslkey=plain.get("sslkey"),
    )
    return Values(target, connect_timeout)


class _Text(NamedTuple):
    """What a component comes to, and the references that it came from."""

    value: str
    origin: tuple[Reference, ...]


def _text(component: Component, environ: Mapping[str, str], faults: list[Fault]) -> _Text:
    text = _Text(substitute(component, environ), references(component))
    if unsafe := unsafe_character(text.value):
        accepted = "text without control characters"
        faults.append(Fault(f"{unsafe} inside the url", accepted, origin=text.origin))
    return text


def _part(what: str, component: Component | None, environ: Mapping[str, str], faults: list[Fault]) -> _Text:
    """Return the text of a component whose default holds only when it is not written.

    An empty variable must not turn into localhost, or into a database in memory.
    """
    text = _text(component or (), environ, faults)
    if text.origin and not text.value:
        hint = "set the variable, or leave this part out of the url"
        faults.append(Fault(f"a {what} that is empty", SHAPES, hint, text.origin))
    return text


def _query(url: Url, environ: Mapping[str, str], faults: list[Fault]) -> dict[str, _Text]:
    query: dict[str, _Text] = {}
    for name, component in url.query:
        text = _text(component, environ, faults)
        if name not in PARAMETERS:
            faults.append(_unknown_parameter(name, PARAMETERS))
        elif name in query:
            faults.append(Fault(f"the parameter {name} twice", "one of them"))
        elif not text.value:
            faults.append(Fault(f"the parameter {name} without a value", f"?{name}=value", "", text.origin))
        else:
            query[name] = text
    return query


def _unknown_parameter(name: str, known: tuple[str, ...]) -> Fault:
    shown = f"the parameter {name}" if name in _SHOWABLE else "a parameter"
    accepted = ", ".join(known) if known else "a url without parameters"
    return Fault(
        f"{shown} that connmgr does not know in this url", accepted, ESCAPES if shown == "a parameter" else ""
    )


def _host(address: _Text, directory: _Text | None, faults: list[Fault]) -> str:
    if address.value and directory:
        faults.append(Fault("a host and the parameter host", "one of them"))
    if directory and not directory.value.startswith("/"):
        found = "a parameter host that is no socket directory"
        faults.append(Fault(found, "?host=/var/run/postgresql", "", directory.origin))
    host, origin = directory or address
    host = host or "localhost"
    if not (host.startswith("/") or _HOST.fullmatch(host) or _address(host)):
        found = "several hosts" if "," in host else "a host that is no name and no address"
        hint = "several hosts are not in this version" if "," in host else ESCAPES
        faults.append(Fault(found, "one host", hint, origin))
    return host


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _port(text: _Text, faults: list[Fault]) -> int:
    if not text.value:
        return 5432
    if re.fullmatch(r"[0-9]{1,5}", text.value, re.ASCII) and 0 < int(text.value) < 65536:
        return int(text.value)
    found, accepted = "a port that is no number from 1 to 65535", "postgresql://user@host:5432/dbname"
    faults.append(Fault(found, accepted, ESCAPES, text.origin))
    return 0


def _sslmode(text: _Text | None, host: str, faults: list[Fault]) -> SSLMode:
    if text is None:
        return "prefer" if _is_local(host) else "verify-full"
    if text.value not in SSL_MODES:
        found = "an sslmode that PostgreSQL does not have"
        faults.append(Fault(found, ", ".join(SSL_MODES), "", text.origin))
    return cast("SSLMode", text.value)


def _is_local(host: str) -> bool:
    address = _address(host)
    return (
        host.startswith("/") or host.lower() == "localhost" or (address is not None and address.is_loopback)
    )


def _connect_timeout(text: _Text | None, faults: list[Fault]) -> float | None:
    if text is None:
        return None
    if re.fullmatch(r"[0-9]{1,6}", text.value, re.ASCII) and int(text.value):
        return float(text.value)
    found, accepted = "a connect_timeout that is no time", "a whole number of seconds of at least 1"
    faults.append(Fault(found, accepted, "", text.origin))
    return None

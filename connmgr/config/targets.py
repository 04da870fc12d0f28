"""Make the target of a profile from the components of its URL."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Final, cast, get_args

from connmgr.config.document import Path
from connmgr.config.references import Malformed, parse, references, substitute
from connmgr.config.scalars import unsafe_character
from connmgr.config.urls import ESCAPES, SQLITE, BadUrl, Component, Fault, Url, split
from connmgr.problem import Place, Problem
from connmgr.profile import PostgresTarget, SQLiteTarget, SSLMode, Target
from connmgr.secret import SecretSource

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


def check_written(values: Mapping[str, object], place: Callable[[Path], Place]) -> Iterator[Problem]:
    """Yield what is wrong with a url that needs no environment to be read."""
    text = values.get("url")
    try:
        parts = parse(text) if isinstance(text, str) else ()
    except Malformed:
        return
    if not parts or references(parts):
        return
    try:
        url = split(parts)
        built = build_target(url, "", {})
    except BadUrl as error:
        yield from (Problem(place(("url",)), "url", *fault) for fault in error.faults)
        return
    timeouts = values.get("timeouts")
    has_connect = isinstance(timeouts, Mapping) and "connect" in timeouts
    yield from conflicts(url, built, place, has_password="password" in values, has_connect=has_connect)


def conflicts(
    url: Url, built: Values, place: Callable[[Path], Place], *, has_password: bool, has_connect: bool
) -> Iterator[Problem]:
    """Yield a problem for each thing that both the url and a key of its own say."""
    if has_password and isinstance(built.target, SQLiteTarget):
        found = "a password for SQLite, which has none"
        yield Problem(place(("password",)), "password", found, "no password", "delete the line")
    elif has_password and url.password is not None:
        found = "a password here and one in the url"
        yield Problem(place(("password",)), "password", found, "one of them", "delete the one in the url")
    if has_connect and built.connect_timeout is not None:
        found = "timeouts.connect here and connect_timeout in the url"
        path = ("timeouts", "connect")
        yield Problem(place(path), "timeouts.connect", found, "one of them", "delete the one in the url")


def _sqlite(url: Url, environ: Mapping[str, str]) -> Values:
    faults = [_unknown_parameter(name, ()) for name, _ in url.query]
    if url.host:
        accepted = "sqlite:///relative.db or sqlite:////absolute.db"
        faults.append(Fault("a host in the url of a SQLite file", accepted, "write three slashes or four"))
    path = _text(url.path, environ, faults)
    if path.startswith("file:"):
        faults.append(
            Fault("a file: URI", "sqlite:///relative.db", "write a plain path, or sqlite:// for memory")
        )
    if faults:
        raise BadUrl(*faults)
    return Values(SQLiteTarget(None if path in {"", ":memory:"} else str(FilePath(path).absolute())))


def _postgres(url: Url, name: str, environ: Mapping[str, str], password: SecretSource | None) -> Values:
    faults: list[Fault] = []
    query = _query(url, environ, faults)
    user = _text(url.user, environ, faults) or None
    host = _host(_text(url.host, environ, faults), query.get("host"), faults)
    dbname = _text(url.path, environ, faults) or user
    if url.password is not None:
        _text(url.password, environ, faults)
    if not dbname:
        faults.append(Fault("neither a user nor a database", "postgresql://user@host:5432/dbname"))
    port = _port(_text(url.port, environ, faults), faults)
    sslmode = _sslmode(query.get("sslmode"), host, faults)
    connect_timeout = _connect_timeout(query.get("connect_timeout"), faults)
    if faults:
        raise BadUrl(*faults)
    target = PostgresTarget(
        host=host,
        port=port,
        dbname=str(dbname),
        user=user,
        password=password,
        sslmode=sslmode,
        application_name=query.get("application_name") or f"connmgr/{name}",
        sslrootcert=query.get("sslrootcert"),
        sslcert=query.get("sslcert"),
        sslkey=query.get("sslkey"),
    )
    return Values(target, connect_timeout)


def _text(component: Component | None, environ: Mapping[str, str], faults: list[Fault]) -> str:
    text = substitute(component or (), environ)
    if unsafe := unsafe_character(text):
        faults.append(Fault(f"{unsafe} inside the url", "text without control characters"))
    return text


def _query(url: Url, environ: Mapping[str, str], faults: list[Fault]) -> dict[str, str]:
    query: dict[str, str] = {}
    for name, component in url.query:
        value = _text(component, environ, faults)
        if name not in PARAMETERS:
            faults.append(_unknown_parameter(name, PARAMETERS))
        elif name in query:
            faults.append(Fault(f"the parameter {name} twice", "one of them"))
        elif not value:
            faults.append(Fault(f"the parameter {name} without a value", f"?{name}=value"))
        else:
            query[name] = value
    return query


def _unknown_parameter(name: str, known: tuple[str, ...]) -> Fault:
    shown = f"the parameter {name}" if name in _SHOWABLE else "a parameter"
    accepted = ", ".join(known) if known else "a url without parameters"
    return Fault(
        f"{shown} that connmgr does not know in this url", accepted, ESCAPES if shown == "a parameter" else ""
    )


def _host(address: str, directory: str | None, faults: list[Fault]) -> str:
    if address and directory:
        faults.append(Fault("a host and the parameter host", "one of them"))
    if directory and not directory.startswith("/"):
        faults.append(Fault("a parameter host that is no socket directory", "?host=/var/run/postgresql"))
    host = directory or address or "localhost"
    if not (host.startswith("/") or _HOST.fullmatch(host) or _address(host)):
        found = "several hosts" if "," in host else "a host that is no name and no address"
        hint = "several hosts are not in this version" if "," in host else ESCAPES
        faults.append(Fault(found, "one host", hint))
    return host


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _port(text: str, faults: list[Fault]) -> int:
    if re.fullmatch(r"[0-9]{1,5}", text or "5432", re.ASCII) and 0 < int(text or "5432") < 65536:
        return int(text or "5432")
    faults.append(
        Fault("a port that is no number from 1 to 65535", "postgresql://user@host:5432/dbname", ESCAPES)
    )
    return 0


def _sslmode(text: str | None, host: str, faults: list[Fault]) -> SSLMode:
    if text is None:
        return "prefer" if _is_local(host) else "verify-full"
    if text not in SSL_MODES:
        faults.append(Fault("an sslmode that PostgreSQL does not have", ", ".join(SSL_MODES)))
    return cast("SSLMode", text)


def _is_local(host: str) -> bool:
    address = _address(host)
    return (
        host.startswith("/") or host.lower() == "localhost" or (address is not None and address.is_loopback)
    )


def _connect_timeout(text: str | None, faults: list[Fault]) -> float | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,6}", text, re.ASCII) or int(text) == 0:
        faults.append(Fault("a connect_timeout that is no time", "a whole number of seconds of at least 1"))
        return None
    return float(text)

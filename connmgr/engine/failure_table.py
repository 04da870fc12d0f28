"""What each error of a database means, and what to do about it: one table."""

from __future__ import annotations

import errno
import socket
import sqlite3
import ssl
from typing import NamedTuple

from sqlalchemy.exc import TimeoutError as PoolFull

from connmgr.engine.servers import NoServerFits
from connmgr.errors import ConfigError, PoolTimeout
from connmgr.report import FailureKind as Kind


class ByCode(NamedTuple):
    """A SQLSTATE or a name of SQLite's, or how it begins; `text` is a part of the message."""

    code: str
    kind: Kind
    text: str = ""
    hint: str = ""


class ByClass(NamedTuple):
    """A class of exception, and a part of its message or its `errno`."""

    type: type[BaseException]
    kind: Kind
    text: str = ""
    errnos: frozenset[int] = frozenset()
    hint: str = ""


_WANTS_TLS = (
    "the server lets nobody in without TLS: set `sslmode: verify-full`, and `sslrootcert` to the certificate "
    "of the authority that signed the server's"
)
_CLIENT_CERTIFICATE = (
    "check `sslcert` and `sslkey`: the server wants a client certificate of an authority that it trusts (its "
    "ssl_ca_file); `sslmode` and `sslrootcert` decide only about the server's own"
)
_NO_TLS = (
    "turn TLS on at the server (ssl = on); only with `sslmode` prefer, allow or disable, which check nobody, "
    "would connmgr go on in clear text; `sslrootcert` plays no part in this"
)
_CERTIFICATE = (
    "`sslmode` demands a certificate that the server did not show: let `sslrootcert` name the authority that "
    "signed it, for verify-full also `host` a name in it, and renew it when it has expired"
)
_WRONG_ROLE = (
    "check `target_session_attrs`, and that the list of servers holds one that is so now: a failover may be "
    "under way"
)

# In every table the first row that fits decides, so the particular stands above the general. A text
# refines a row where no code tells two cases apart; servers that answer in another language than
# English then get the general row.

BY_SQLSTATE = (
    ByCode("08", Kind.CONNECTION_LOST),
    ByCode("25006", Kind.READ_ONLY),
    ByCode("25P03", Kind.CONNECTION_LOST),  # idle_in_transaction_session_timeout
    ByCode("28000", Kind.TLS, "no encryption", _WANTS_TLS),
    ByCode("28000", Kind.TLS, "SSL off", _WANTS_TLS),  # the same, PostgreSQL 13
    ByCode("28000", Kind.TLS, "requires a valid client certificate", _CLIENT_CERTIFICATE),
    ByCode("28", Kind.AUTHENTICATION),
    ByCode("3D000", Kind.DATABASE_MISSING),
    ByCode("42501", Kind.AUTHENTICATION, "permission denied for database"),  # no CONNECT privilege
    ByCode("53300", Kind.TOO_MANY_CONNECTIONS),
    ByCode(
        "55P03",
        Kind.TIMEOUT,
        "lock timeout",
        "another transaction held the lock for longer than `timeouts.lock`: look for one that stays open",
    ),
    ByCode("57014", Kind.UNKNOWN, "user request", "someone cancelled the statement on the server"),
    ByCode(
        "57014",
        Kind.TIMEOUT,
        hint="the server ended the statement at its limit: check `timeouts.statement`, and what the "
        "statement waited for",
    ),
    ByCode("57P01", Kind.SHUTTING_DOWN),
    ByCode("57P02", Kind.SHUTTING_DOWN),
    ByCode("57P03", Kind.SHUTTING_DOWN, "shutting down"),
    ByCode("57P03", Kind.STARTING_UP),
    ByCode("57P04", Kind.DATABASE_MISSING),  # dropped under the connection
    ByCode("57P05", Kind.CONNECTION_LOST),  # idle_session_timeout
)

BY_SQLITE_NAME = (
    ByCode(
        "SQLITE_AUTH",
        Kind.UNKNOWN,
        hint="SQL may not reach other files: `sqlite: {allow_attach: true}` allows ATTACH and VACUUM INTO",
    ),
    ByCode(
        "SQLITE_BUSY",
        Kind.TIMEOUT,
        hint="another connection held the database's lock for too long: look for a long write transaction",
    ),
    ByCode(
        "SQLITE_CANTOPEN",
        Kind.DATABASE_MISSING,
        hint="check the path in `url` and its permissions: SQLite creates the file, never its directory",
    ),
    ByCode(
        "SQLITE_NOTADB",
        Kind.UNKNOWN,
        hint="the file is no SQLite database, or an encrypted one: check the path in `url`",
    ),
    ByCode(
        "SQLITE_READONLY",
        Kind.READ_ONLY,
        hint="check that this user may write to the database's file and to its directory",
    ),
)

_UNREACHABLE = frozenset(
    {
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
        errno.EHOSTDOWN,
        errno.ENETDOWN,
        errno.EADDRNOTAVAIL,
        errno.ENOENT,  # no such socket file
        errno.EACCES,  # a socket file of another user's, or a firewall on this machine
        errno.EPERM,
    }
)

BY_CLASS = (
    ByClass(ConfigError, Kind.MISCONFIGURED),
    ByClass(PoolTimeout, Kind.POOL_TIMEOUT),
    ByClass(PoolFull, Kind.POOL_TIMEOUT),
    ByClass(socket.gaierror, Kind.NAME_RESOLUTION),
    ByClass(ssl.SSLCertVerificationError, Kind.TLS, hint=_CERTIFICATE),
    ByClass(ssl.SSLError, Kind.TLS, "unknown ca", hint=_CLIENT_CERTIFICATE),
    ByClass(ssl.SSLError, Kind.TLS, "alert certificate", hint=_CLIENT_CERTIFICATE),
    ByClass(ssl.SSLError, Kind.TLS, "alert bad certificate", hint=_CLIENT_CERTIFICATE),
    ByClass(ssl.SSLError, Kind.TLS),
    ByClass(ConnectionError, Kind.TLS, "rejected SSL upgrade", hint=_NO_TLS),  # asyncpg has no class for it
    ByClass(NoServerFits, Kind.READ_ONLY, "no server is 'read-write'", hint=_WRONG_ROLE),
    ByClass(NoServerFits, Kind.READ_ONLY, "no server is 'primary'", hint=_WRONG_ROLE),
    ByClass(NoServerFits, Kind.UNKNOWN, hint=_WRONG_ROLE),
    ByClass(ConnectionRefusedError, Kind.REFUSED),
    ByClass(TimeoutError, Kind.TIMEOUT),
    ByClass(ConnectionError, Kind.CONNECTION_LOST),
    ByClass(OSError, Kind.REFUSED, errnos=_UNREACHABLE),
    ByClass(sqlite3.ProgrammingError, Kind.CONNECTION_LOST, "closed database"),
)

BY_CLASS_NAME = (
    # asyncpg's, which only `engine.drivers` may import; without a SQLSTATE.
    ByCode("InterfaceError", Kind.CONNECTION_LOST, "connection is closed"),
    # The server's last word came while the connection was idle, and the end of the stream not yet.
    ByCode("InternalClientError", Kind.CONNECTION_LOST, "cannot switch to state"),
)

HINTS = {
    Kind.NAME_RESOLUTION: "check the host in `url`, and the name server of the machine that connmgr runs on",
    Kind.REFUSED: "check host and port in `url`, that the server runs and listens there, and that no "
    "firewall stands between",
    Kind.TIMEOUT: "check that the server is reachable and not overloaded before you raise "
    "`timeouts.connect`, `timeouts.command` or `health.timeout`",
    Kind.TLS: "check `sslmode`, `sslrootcert`, `sslcert` and `sslkey` in `url`, and what the server offers",
    Kind.AUTHENTICATION: "check the user in `url`, the `password`, and what the server's pg_hba.conf and "
    "grants let this user do",
    Kind.DATABASE_MISSING: "check the database name in `url`; connmgr never creates a database on a server",
    Kind.TOO_MANY_CONNECTIONS: "lower `pool.size` and `pool.max_overflow` in every process that connects, or "
    "raise the server's limit (max_connections, or that of the role or database)",
    Kind.STARTING_UP: "wait: the server takes connections when its recovery is done",
    Kind.SHUTTING_DOWN: "the server, or this connection, was ended by an administrator; connect again when "
    "it is back",
    Kind.CONNECTION_LOST: "read the server's log for why it ended the connection; at a login it may have "
    "been TLS: check what `sslmode`, `sslrootcert` and `sslcert` ask of it",
    Kind.POOL_TIMEOUT: "look for sessions that are held too long before you raise `pool.size`, "
    "`pool.max_overflow` or `pool.timeout`",
    Kind.READ_ONLY: "the server is a standby, or set to read only: point `url` at the primary",
    Kind.MISCONFIGURED: "correct the file at the place named, or set the variable",
    Kind.UNKNOWN: "read the message, and the server's log at this time",
}

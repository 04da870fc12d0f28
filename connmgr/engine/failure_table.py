"""What each error of a database means: tables by SQLSTATE, by SQLite's names, and by class."""

from __future__ import annotations

import asyncio
import errno
import socket
import sqlite3
import ssl
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from sqlalchemy.exc import InvalidRequestError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolFull

from connmgr.engine import failure_hints as hints
from connmgr.engine.servers import NoServerFits
from connmgr.errors import ConfigError, PoolTimeout
from connmgr.failure import ConstraintKind as Constraint
from connmgr.failure import FailureKind as Kind


class ByCode(NamedTuple):
    """A SQLSTATE, the first two characters of one, or a name of SQLite's; `text` is in the message."""

    code: str
    kind: Kind
    text: str = ""
    hint: str = ""


class ByClass(NamedTuple):
    """A class of exception, and a part of its message or its `errno`.

    `passes`, where it is not for the kind to say: whether a later connect can succeed.
    """

    type: type[BaseException]
    kind: Kind
    text: str = ""
    errnos: frozenset[int] = frozenset()
    hint: str = ""
    passes: bool | None = None


# The longest code that fits decides, and of several with the same one the first whose text fits. A text
# refines a row where no code tells two cases apart; servers that answer in another language than English
# then get the general row.

_SQLSTATES = (
    ByCode("08", Kind.CONNECTION_LOST),
    ByCode("08P01", Kind.DATABASE_MISSING, "no such database"),  # PgBouncer
    ByCode("08P01", Kind.MISCONFIGURED, "unsupported startup parameter", hints.REFUSED_PARAMETER),
    ByCode("08P01", Kind.CONNECTION_LOST),
    ByCode("0A000", Kind.STALE_STATEMENT, "cached"),
    ByCode("0A", Kind.SYNTAX),
    ByCode("21", Kind.DATA),  # a subquery that gives more rows than one
    ByCode("22", Kind.DATA),
    ByCode("23", Kind.CONSTRAINT),
    ByCode("25006", Kind.READ_ONLY),
    ByCode("25P02", Kind.TRANSACTION_ABORTED),
    ByCode("25P03", Kind.CONNECTION_LOST),  # idle_in_transaction_session_timeout
    ByCode("25P04", Kind.CONNECTION_LOST),  # transaction_timeout
    ByCode("26000", Kind.STALE_STATEMENT, hint=hints.POOLER),
    ByCode("28000", Kind.TLS, "no encryption", hints.WANTS_TLS),
    ByCode("28000", Kind.TLS, "SSL off", hints.WANTS_TLS),  # the same, PostgreSQL 13
    ByCode("28000", Kind.TLS, "requires a valid client certificate", hints.CLIENT_CERTIFICATE),
    ByCode("28", Kind.AUTHENTICATION),
    ByCode("2BP01", Kind.CONSTRAINT),  # what is dropped is still needed
    ByCode("3D000", Kind.DATABASE_MISSING),
    ByCode("3F000", Kind.SYNTAX, hint=hints.NO_SUCH_THING),
    ByCode("40002", Kind.CONSTRAINT),
    ByCode("40003", Kind.CONNECTION_LOST),  # statement_completion_unknown
    ByCode("40P01", Kind.DEADLOCK),
    ByCode("40", Kind.SERIALIZATION),
    ByCode("42501", Kind.AUTHENTICATION, "permission denied for database"),  # no CONNECT privilege
    ByCode("42501", Kind.PRIVILEGE),
    ByCode("42P05", Kind.STALE_STATEMENT, hint=hints.POOLER),
    ByCode("42P01", Kind.SYNTAX, hint=hints.NO_SUCH_THING),
    ByCode("42703", Kind.SYNTAX, hint=hints.NO_SUCH_THING),
    ByCode("42704", Kind.SYNTAX, hint=hints.NO_SUCH_THING),
    ByCode("42883", Kind.SYNTAX, hint=hints.NO_SUCH_THING),
    ByCode("42", Kind.SYNTAX),
    ByCode("44", Kind.CONSTRAINT),  # WITH CHECK OPTION
    ByCode("53100", Kind.DISK_FULL),
    ByCode("53200", Kind.OUT_OF_MEMORY),
    ByCode("53300", Kind.TOO_MANY_CONNECTIONS),
    ByCode("54", Kind.SYNTAX),  # too complex, too many columns or arguments
    ByCode("55P03", Kind.LOCK_TIMEOUT),
    ByCode("57014", Kind.CANCELLED, "user request"),
    ByCode("57014", Kind.TIMEOUT, "canceling authentication"),  # authentication_timeout
    ByCode("57014", Kind.STATEMENT_TIMEOUT),
    ByCode("57P01", Kind.SHUTTING_DOWN),
    ByCode("57P02", Kind.SHUTTING_DOWN),
    ByCode("57P03", Kind.SHUTTING_DOWN, "shutting down"),
    ByCode("57P03", Kind.STARTING_UP),
    ByCode("57P04", Kind.DATABASE_MISSING),  # dropped under the connection
    ByCode("57P05", Kind.CONNECTION_LOST),  # idle_session_timeout
    ByCode("58030", Kind.DISK_FULL, "No space left"),
    ByCode("P0", Kind.UNKNOWN, hint=hints.RAISED),
    ByCode("XX001", Kind.CORRUPT),
    ByCode("XX002", Kind.CORRUPT),
)

_SQLITE_NAMES = (
    ByCode("SQLITE_AUTH", Kind.PRIVILEGE, hint=hints.NO_ATTACH),
    ByCode("SQLITE_BUSY", Kind.BUSY),
    ByCode("SQLITE_CANTOPEN", Kind.DATABASE_MISSING, hint=hints.NO_SUCH_FILE),
    ByCode("SQLITE_CONSTRAINT", Kind.CONSTRAINT),
    ByCode("SQLITE_CORRUPT", Kind.CORRUPT),
    ByCode("SQLITE_ERROR", Kind.SYNTAX, "no such", hints.NO_SUCH_THING),
    ByCode("SQLITE_ERROR", Kind.SYNTAX),
    ByCode("SQLITE_FULL", Kind.DISK_FULL),
    ByCode("SQLITE_INTERRUPT", Kind.CANCELLED),
    ByCode("SQLITE_LOCKED", Kind.LOCKED),
    ByCode("SQLITE_MISMATCH", Kind.DATA),
    ByCode("SQLITE_NOMEM", Kind.OUT_OF_MEMORY),
    ByCode("SQLITE_NOTADB", Kind.NOT_A_DATABASE),
    ByCode("SQLITE_PROTOCOL", Kind.BUSY),  # a race for the locks of the write-ahead log
    ByCode("SQLITE_PERM", Kind.READ_ONLY, hint=hints.NOT_WRITABLE),
    ByCode("SQLITE_RANGE", Kind.SYNTAX),
    ByCode("SQLITE_READONLY", Kind.READ_ONLY, hint=hints.NOT_WRITABLE),
    ByCode("SQLITE_SCHEMA", Kind.STALE_STATEMENT),
    ByCode("SQLITE_TOOBIG", Kind.DATA),
)

# asyncpg's classes, which only `engine.drivers` may import; those without a SQLSTATE.
_CLASS_NAMES = (
    ByCode("InterfaceError", Kind.CONNECTION_LOST, "connection is closed"),
    ByCode("InterfaceError", Kind.UNKNOWN, "another operation", hints.TWO_TASKS),
    ByCode("InterfaceError", Kind.AUTHENTICATION, "authentication method"),
    ByCode("InterfaceError", Kind.AUTHENTICATION, "SASL"),
    ByCode("InterfaceError", Kind.AUTHENTICATION, "SCRAM"),
    # The server's last word came while the connection was idle, and the end of the stream not yet.
    ByCode("InternalClientError", Kind.CONNECTION_LOST, "cannot switch to state"),
    ByCode("InternalClientError", Kind.PROTOCOL),
    ByCode("ProtocolError", Kind.PROTOCOL),
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

UNKNOWN_SERVER: Final = "the server is none that SQLAlchemy knows"

BY_CLASS: Final = (
    ByClass(InvalidRequestError, Kind.PROTOCOL, UNKNOWN_SERVER),
    # The connection was lost before, and somebody caught the error that said so.
    ByClass(PendingRollbackError, Kind.CONNECTION_LOST, "invalid transaction is rolled back"),
    ByClass(PendingRollbackError, Kind.TRANSACTION_ABORTED),
    ByClass(ConfigError, Kind.MISCONFIGURED),
    ByClass(PoolTimeout, Kind.POOL_TIMEOUT),
    ByClass(PoolFull, Kind.POOL_TIMEOUT),
    ByClass(asyncio.CancelledError, Kind.CANCELLED),
    # A name server that is away may be back.
    ByClass(socket.gaierror, Kind.NAME_RESOLUTION, errnos=frozenset({socket.EAI_AGAIN}), passes=True),
    ByClass(socket.gaierror, Kind.NAME_RESOLUTION),
    ByClass(ssl.SSLCertVerificationError, Kind.TLS, hint=hints.CERTIFICATE),
    ByClass(ssl.SSLError, Kind.TLS, "unknown ca", hint=hints.CLIENT_CERTIFICATE),
    ByClass(ssl.SSLError, Kind.TLS, "alert certificate", hint=hints.CLIENT_CERTIFICATE),
    ByClass(ssl.SSLError, Kind.TLS, "alert bad certificate", hint=hints.CLIENT_CERTIFICATE),
    ByClass(ssl.SSLError, Kind.TLS),
    ByClass(ConnectionError, Kind.TLS, "rejected SSL upgrade", hint=hints.NO_TLS),  # asyncpg has no class
    # There may be a primary again once the failover is over.
    ByClass(NoServerFits, Kind.READ_ONLY, "no server is 'read-write'", hint=hints.WRONG_ROLE, passes=True),
    ByClass(NoServerFits, Kind.READ_ONLY, "no server is 'primary'", hint=hints.WRONG_ROLE, passes=True),
    ByClass(NoServerFits, Kind.UNKNOWN, hint=hints.WRONG_ROLE, passes=True),
    ByClass(ConnectionRefusedError, Kind.REFUSED),
    ByClass(TimeoutError, Kind.TIMEOUT),
    ByClass(ConnectionError, Kind.CONNECTION_LOST),
    ByClass(OSError, Kind.REFUSED, errnos=_UNREACHABLE),
    ByClass(OSError, Kind.DISK_FULL, errnos=frozenset({errno.ENOSPC, errno.EDQUOT})),
    ByClass(sqlite3.ProgrammingError, Kind.CONNECTION_LOST, "closed database"),
    ByClass(sqlite3.InterfaceError, Kind.DATA, "binding parameter"),
    ByClass(sqlite3.ProgrammingError, Kind.DATA, "binding parameter"),
    ByClass(OverflowError, Kind.DATA, "too large to convert to SQLite"),
)

CONSTRAINTS: Final = {
    "23001": Constraint.FOREIGN_KEY,
    "23502": Constraint.NOT_NULL,
    "23503": Constraint.FOREIGN_KEY,
    "23505": Constraint.UNIQUE,
    "23514": Constraint.CHECK,
    "23P01": Constraint.EXCLUSION,
    "SQLITE_CONSTRAINT_CHECK": Constraint.CHECK,
    "SQLITE_CONSTRAINT_FOREIGNKEY": Constraint.FOREIGN_KEY,
    "SQLITE_CONSTRAINT_NOTNULL": Constraint.NOT_NULL,
    "SQLITE_CONSTRAINT_PRIMARYKEY": Constraint.UNIQUE,
    "SQLITE_CONSTRAINT_ROWID": Constraint.UNIQUE,
    "SQLITE_CONSTRAINT_UNIQUE": Constraint.UNIQUE,
}

RETRY_CONNECT: Final = frozenset(
    {
        Kind.REFUSED,
        Kind.TIMEOUT,
        Kind.TOO_MANY_CONNECTIONS,
        Kind.STARTING_UP,
        Kind.SHUTTING_DOWN,
        Kind.CONNECTION_LOST,
    }
)
RETRY_TRANSACTION: Final = frozenset(
    {
        Kind.SERIALIZATION,
        Kind.DEADLOCK,
        Kind.LOCK_TIMEOUT,
        Kind.STALE_STATEMENT,
        Kind.BUSY,
        Kind.LOCKED,
        Kind.SHUTTING_DOWN,
        Kind.CONNECTION_LOST,
    }
)


def _index(rows: Iterable[ByCode]) -> Mapping[str, tuple[ByCode, ...]]:
    rows = tuple(rows)
    return {code: tuple(row for row in rows if row.code == code) for code in {row.code for row in rows}}


SQLITE_CODES: Final = {getattr(sqlite3, row.code): row.code for row in _SQLITE_NAMES}
"""SQLite's codes, less what is particular in them, for those that this Python has no name for."""

BY_CODE: Final = _index((*_SQLSTATES, *_SQLITE_NAMES, *_CLASS_NAMES))

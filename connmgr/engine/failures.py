"""Exceptions of any driver, classified: the one answer to "what went wrong"."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.exc import DBAPIError, StatementError

from connmgr.engine.constraints import constraint_of
from connmgr.engine.failure_hints import HINTS
from connmgr.engine.failure_message import message_of, text_of
from connmgr.engine.failure_table import (
    BY_CLASS,
    BY_CODE,
    RETRY_CONNECT,
    RETRY_TRANSACTION,
    SQLITE_CODES,
    ByClass,
    ByCode,
)
from connmgr.engine.marks import is_unanswered
from connmgr.engine.transports import failure_of_tls
from connmgr.errors import CircuitOpen, CommitOutcomeUnknown, PoolTimeout
from connmgr.failure import Failure, FailureKind
from connmgr.secret import Secret


def failure_of(exc: BaseException) -> Failure:
    """Say what went wrong, whatever wrapped it: an exception of SQLAlchemy's, of a driver, or connmgr's.

    Takes any exception and never raises; what no database can cause is `FailureKind.UNKNOWN`.
    """
    return classify(exc)


def classify(exc: BaseException, secrets: Iterable[Secret] = ()) -> Failure:
    """Say what went wrong, with a profile's secrets masked in the message.

    `type` is the driver's own class where there is one. The message is one line without SQL, parameters,
    row data or control characters.
    """
    cause = _cause(exc)
    sqlstate = _sqlstate(cause)
    code = sqlstate or _sqlite_name(cause) or type(cause).__name__
    text = text_of(cause)
    row = _by_code(code, text) or _by_class(cause, text)
    kind, hint = (row.kind, row.hint) if row else (FailureKind.UNKNOWN, "")
    was_lost = _was_disconnected(exc)
    if kind is FailureKind.UNKNOWN and not hint and was_lost:
        kind = FailureKind.CONNECTION_LOST
    passes = row.passes if isinstance(row, ByClass) else None
    is_unknown = is_unanswered(exc) or isinstance(exc, CommitOutcomeUnknown)
    return Failure(
        kind=kind,
        type=type(cause).__name__,
        message=message_of(text, sqlstate, secrets) or kind.replace("_", " "),
        sqlstate=sqlstate,
        hint=hint or HINTS[kind],
        constraint=constraint_of(cause, code, text) if kind is FailureKind.CONSTRAINT else None,
        retry_connect=kind in RETRY_CONNECT if passes is None else passes,
        # A server that turned out to be a standby was let go of: the next connection looks for the writer.
        retry_transaction=not is_unknown
        # Who waited for a connection in vain has waited long enough.
        and not isinstance(exc, PoolTimeout | CircuitOpen)
        and (kind in RETRY_TRANSACTION or (kind is FailureKind.READ_ONLY and was_lost)),
        outcome_unknown=is_unknown,
    )


def _cause(exc: BaseException) -> BaseException:
    """Take off what only wraps: groups of one, SQLAlchemy's errors, its stand-ins for asyncpg's classes.

    What TLS said stands for the driver's "connection was closed", and what kept a pool from connecting for
    the time-out that came of it.
    """
    if isinstance(exc, BaseExceptionGroup) and len(exc.exceptions) == 1:
        return _cause(exc.exceptions[0])
    if isinstance(exc, StatementError) and exc.orig is not None:
        return _cause(exc.orig)
    if isinstance(exc, PoolTimeout | CircuitOpen | CommitOutcomeUnknown) and exc.__cause__ is not None:
        return _cause(exc.__cause__)
    if type(exc).__module__.startswith("sqlalchemy.dialects.") and exc.__cause__ is not None:
        return _cause(exc.__cause__)
    return failure_of_tls(exc) or exc


def _sqlstate(cause: BaseException) -> str | None:
    sqlstate = getattr(cause, "sqlstate", None)
    return sqlstate if isinstance(sqlstate, str) else None


def _sqlite_name(cause: BaseException) -> str | None:
    name = getattr(cause, "sqlite_errorname", None)
    if name is None or name.startswith("SQLITE_"):
        return name
    return SQLITE_CODES.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF)


def _was_disconnected(exc: BaseException) -> bool:
    if isinstance(exc, BaseExceptionGroup) and len(exc.exceptions) == 1:
        return _was_disconnected(exc.exceptions[0])
    return isinstance(exc, DBAPIError) and exc.connection_invalidated


def _by_code(code: str, text: str) -> ByCode | None:
    """Find the row of a SQLSTATE, of a name of SQLite's, or of a class of the driver's without either.

    SQLite's names grow at the end: SQLITE_BUSY_SNAPSHOT is a SQLITE_BUSY.
    """
    general = "_".join(code.split("_", 2)[:2]) if code.startswith("SQLITE_") else code[:2]
    for rows in (BY_CODE.get(code, ()), BY_CODE.get(general, ())):
        for row in rows:
            if row.text in text:
                return row
    return None


def _by_class(cause: BaseException, text: str) -> ByClass | None:
    for row in BY_CLASS:
        if not isinstance(cause, row.type) or row.text not in text:
            continue
        if not row.errnos or getattr(cause, "errno", None) in row.errnos:
            return row
    return None

"""Exceptions of any driver, classified: the one answer to "what went wrong"."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError

from connmgr.engine.failure_table import BY_CLASS, BY_CLASS_NAME, BY_SQLITE_NAME, BY_SQLSTATE, HINTS, ByCode
from connmgr.engine.transports import failure_of_tls
from connmgr.errors import ConfigError, PoolTimeout
from connmgr.report import Failure, FailureKind
from connmgr.secret import MASK, Secret

MESSAGE_LIMIT = 300
"""Characters of a failure's message; what is longer ends in an ellipsis."""

_DATA_EXCEPTION = "22"


def classify(exc: BaseException, secrets: Iterable[Secret] = ()) -> Failure:
    """Say what went wrong, whatever wrapped it. Never raises.

    `type` is the driver's own class where there is one. The message is one line without SQL, parameters,
    row data or control characters; every occurrence of the secrets, also percent-encoded, is masked.
    """
    cause = _cause(exc)
    sqlstate = _sqlstate(cause)
    text = _text(cause)
    kind, hint = _verdict(cause, sqlstate, text)
    if kind is FailureKind.UNKNOWN and not hint and _was_disconnected(exc):
        kind = FailureKind.CONNECTION_LOST
    return Failure(
        kind=kind,
        type=type(cause).__name__,
        message=_message(text, sqlstate, secrets) or kind.replace("_", " "),
        sqlstate=sqlstate,
        hint=hint or HINTS[kind],
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
    if isinstance(exc, PoolTimeout) and exc.__cause__ is not None:
        return _cause(exc.__cause__)
    if type(exc).__module__.startswith("sqlalchemy.dialects.") and exc.__cause__ is not None:
        return _cause(exc.__cause__)
    return failure_of_tls(exc) or exc


def _sqlstate(cause: BaseException) -> str | None:
    sqlstate = getattr(cause, "sqlstate", None)
    return sqlstate if isinstance(sqlstate, str) else None


def _was_disconnected(exc: BaseException) -> bool:
    if isinstance(exc, BaseExceptionGroup) and len(exc.exceptions) == 1:
        return _was_disconnected(exc.exceptions[0])
    return isinstance(exc, DBAPIError) and exc.connection_invalidated


def _verdict(cause: BaseException, sqlstate: str | None, text: str) -> tuple[FailureKind, str]:
    """Give the kind, and the hint where it is not the kind's own."""
    row = (
        _by_code(BY_SQLSTATE, sqlstate, text)
        or _by_code(BY_SQLITE_NAME, getattr(cause, "sqlite_errorname", None), text)
        or _by_code(BY_CLASS_NAME, type(cause).__name__, text)
    )
    return (row.kind, row.hint) if row else _verdict_by_class(cause, text)


def _by_code(rows: Iterable[ByCode], code: str | None, text: str) -> ByCode | None:
    if code is None:
        return None
    return next((row for row in rows if code.startswith(row.code) and row.text in text), None)


def _verdict_by_class(cause: BaseException, text: str) -> tuple[FailureKind, str]:
    for row in BY_CLASS:
        if not isinstance(cause, row.type) or row.text not in text:
            continue
        if not row.errnos or getattr(cause, "errno", None) in row.errnos:
            return row.kind, row.hint
    return FailureKind.UNKNOWN, ""


def _text(cause: BaseException) -> str:
    """Give the driver's message, without what it or SQLAlchemy adds below."""
    if isinstance(cause, ConfigError):
        return " | ".join(map(str, cause.problems))
    if isinstance(cause, SQLAlchemyError) and cause.args:
        return str(cause.args[0])
    try:
        text = str(cause)
    except Exception:  # noqa: BLE001 - an exception that cannot tell its message still has a kind
        return ""
    # asyncpg adds lines of detail, which hold the values of the row.
    return re.split(r"\n(?:DETAIL|HINT):", text, maxsplit=1)[0]


def _message(text: str, sqlstate: str | None, secrets: Iterable[Secret]) -> str:
    if sqlstate is not None and sqlstate.startswith(_DATA_EXCEPTION):
        return "a value does not fit; the driver's text is not shown, it quotes the value"
    # Masked first: cut short or escaped, a secret would no longer be found. The longest goes first: one
    # that holds another (a password and its successor) would else leave its end behind.
    for secret in sorted(secrets, key=lambda secret: len(secret.reveal()), reverse=True):
        text = _masked(text, secret)
    line = "".join(_escaped(character) for character in " ".join(text.split()))
    return line if len(line) <= MESSAGE_LIMIT else line[: MESSAGE_LIMIT - 1] + "…"


def _masked(text: str, secret: Secret) -> str:
    pattern = "".join(_plain_or_percent_encoded(character) for character in secret.reveal())
    return re.sub(pattern, MASK, text) if pattern else text


def _plain_or_percent_encoded(character: str) -> str:
    """Match one character: libraries differ in which they encode, and in which case."""
    encoded = "".join(f"%{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
    space = "|\\+" if character == " " else ""
    return f"(?:{re.escape(character)}|(?i:{encoded}){space})"


def _escaped(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()

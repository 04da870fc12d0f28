"""Errors that asyncpg meets as it reads what is no answer of a server's."""

from __future__ import annotations

from types import TracebackType

import asyncpg

from connmgr.engine.marks import is_unanswered

_NAMED = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)


def as_read(error: Exception) -> Exception:
    """Return an error that says what happened, for one that Python's own reading of an answer raised.

    asyncpg takes a server at its word: where a byte is not what it should be, whatever that leads to comes
    out, an AttributeError or an IndexError of its own code. A date or a text that Python cannot hold is no
    garbled answer but data. What other code raises, such as a codec of the application's, stays as it is.
    """
    if isinstance(error, _NAMED) or not _is_asyncpgs_own(error.__traceback__):
        return error
    if isinstance(error, OverflowError | UnicodeDecodeError) and not is_unanswered(error):
        read: Exception = asyncpg.DataError(f"a value is beyond what Python can hold: {error}")
    else:
        read = asyncpg.ProtocolError(f"the server's answer cannot be read ({type(error).__name__}: {error})")
    read.__cause__ = error
    return read


def is_out_of_step(error: Exception) -> bool:
    """Whether nobody can tell where the next answer begins, so that the connection is of no use."""
    return isinstance(error, asyncpg.InternalClientError)


def _is_asyncpgs_own(traceback: TracebackType | None) -> bool:
    """Whether the innermost frame is asyncpg's, or the one of SQLAlchemy that takes its answers apart."""
    name = ""
    while traceback is not None:
        name = traceback.tb_frame.f_globals.get("__name__", "")
        traceback = traceback.tb_next
    return name.startswith(("asyncpg.", "sqlalchemy.dialects.postgresql.asyncpg"))

"""How the connection of a session ends when its rollback does not go through."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from connmgr import logs
from connmgr.engine.pool import let_go
from connmgr.failure import FailureKind
from connmgr.runtime.handle import Handle


def is_in_transaction(handle: Handle, connection: Connection) -> bool:
    """Whether the database has begun a transaction that must be ended; no I/O."""
    if connection.closed or connection.invalidated:
        return False
    return handle.driver.is_in_transaction(connection.connection.driver_connection)


async def end(handle: Handle, connection: Connection | None, close: Coroutine[Any, Any, None]) -> None:
    """Await a close. Where its rollback fails, the connection is returned all the same, and not used again.

    Its user hears nothing of a dead connection: what was read is right, and what was not committed is as
    gone as was asked for.
    """
    try:
        await close
    except Exception as error:
        if connection is None:
            raise
        await let_go(connection)
        kind = handle.classify(error).kind
        is_invalidated = isinstance(error, DBAPIError) and error.connection_invalidated
        if not is_invalidated and kind is not FailureKind.CONNECTION_LOST:
            raise
        why = kind.value
        _warn(handle, f"the connection was lost before its rollback ({why}); its server has rolled back")


def cut(handle: Handle, connection: Connection | None) -> None:
    """Close a connection under SQLAlchemy's feet, without a word to its server, if there still is one."""
    if connection is None or connection.closed or connection.invalidated:
        return
    handle.driver.terminate(connection.connection.driver_connection)
    _warn(handle, f"no answer to the rollback within {handle.settings.timeouts.close:g} s; connection closed")


def note_failed_close(handle: Handle, error: Exception) -> None:
    """Log an error of a close that must not take the place of the one in progress."""
    _warn(handle, f"closing failed too: {type(error).__name__}")


def _warn(handle: Handle, message: str) -> None:
    logs.event("WARNING", f"profile {handle.name!r}: {message}", profile=handle.name)

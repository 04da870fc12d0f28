"""How the connection of a session ends when its rollback does not go through."""

from __future__ import annotations

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from connmgr import logs
from connmgr.runtime.handle import Handle


def is_in_transaction(handle: Handle, connection: Connection) -> bool:
    """Whether the database has begun a transaction that must be ended; no I/O."""
    if connection.closed or connection.invalidated:
        return False
    return handle.driver.is_in_transaction(connection.connection.driver_connection)


def is_lost(error: Exception) -> bool:
    """Whether a rollback failed because its connection is dead; the server then rolls back by itself."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def let_go(connection: Connection) -> None:
    """Return a connection that SQLAlchemy keeps when its rollback fails; it is not used again."""
    if not connection.closed:
        connection.invalidate()
        connection.close()


def cut(handle: Handle, connection: Connection | None) -> None:
    """Close a connection under SQLAlchemy's feet, without a word to its server, if there still is one."""
    if connection is None or connection.closed or connection.invalidated:
        return
    handle.driver.terminate(connection.connection.driver_connection)
    _warn(handle, f"no answer to the rollback within {handle.settings.timeouts.close:g} s; connection closed")


def note_loss(handle: Handle, error: Exception) -> None:
    """Log that a rollback met a dead connection.

    Its user hears nothing: what was read is right, and what was not committed is as gone as was asked for.
    """
    kind = handle.classify(error).kind.value
    _warn(handle, f"the connection was lost before its rollback ({kind}); its server has rolled back")


def note_failed_close(handle: Handle, error: Exception) -> None:
    """Log an error of a close that must not take the place of the one in progress."""
    _warn(handle, f"closing failed too: {type(error).__name__}")


def _warn(handle: Handle, message: str) -> None:
    logs.event("WARNING", f"profile {handle.name!r}: {message}", profile=handle.name)

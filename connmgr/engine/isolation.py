"""Gives a connection its own isolation level back when a session that chose another returns it."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy.engine import Dialect
from sqlalchemy.engine.characteristics import IsolationLevelCharacteristic
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.ext.asyncio import AsyncEngine


class _OnPostgres(IsolationLevelCharacteristic):
    def reset_characteristic(self, dialect: Dialect, dbapi_conn: Any) -> None:
        """Go back to a BEGIN that names no level, so that the server's default for the session holds.

        SQLAlchemy goes back to the level that it read on the first connection of the dialect, and names it
        in every BEGIN from then on. Role, database or server may have another by now; and where engines
        share a dialect, one that is to be serializable would be read committed after its first use of
        autocommit.
        """
        dbapi_conn.set_isolation_level(None)


class _OnSQLite(IsolationLevelCharacteristic):
    def reset_characteristic(self, dialect: Dialect, dbapi_conn: Any) -> None:
        """Go back to sqlite3's own way; after autocommit in one hop to the connection's thread, not four."""
        if dbapi_conn.isolation_level is None:
            dbapi_conn.isolation_level = ""
        else:
            super().reset_characteristic(dialect, dbapi_conn)


_CHARACTERISTICS = {"asyncpg": _OnPostgres(), "aiosqlite": _OnSQLite()}


def restore_isolation_levels(engine: AsyncEngine) -> None:
    """Have connections of the engine come back from `isolation_level`, an option of SQLAlchemy's, as new.

    Through SQLAlchemy's hook for dialects; a dialect that several engines share needs it once.
    """
    dialect = cast(DefaultDialect, engine.dialect)
    option = {"isolation_level": _CHARACTERISTICS[dialect.driver]}
    dialect.connection_characteristics = dialect.connection_characteristics.union(option)

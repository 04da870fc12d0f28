"""Gives a PostgreSQL connection its own isolation level back when a session that chose another returns it."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy.engine import Dialect
from sqlalchemy.engine.characteristics import IsolationLevelCharacteristic
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.ext.asyncio import AsyncEngine


class _ServersOwn(IsolationLevelCharacteristic):
    """SQLAlchemy's `isolation_level` option, whose end leaves no trace."""

    def reset_characteristic(self, _dialect: Dialect, dbapi_conn: Any) -> None:
        """Go back to a BEGIN that names no level, so that the server's default for the session holds.

        SQLAlchemy goes back to the level that it read on the first connection of the dialect, and names it
        in every BEGIN from then on. Role, database or server may have another by now; and where engines
        share a dialect, one that is to be serializable would be read committed after its first use of
        autocommit.
        """
        dbapi_conn.set_isolation_level(None)


_OPTION = {"isolation_level": _ServersOwn()}


def restore_isolation_levels(engine: AsyncEngine) -> None:
    """Have the engine's connections go back to their server's isolation level, without a round trip.

    Through SQLAlchemy's hook for dialects; a dialect that several engines share needs it once. SQLite is
    left alone: it has one default, and an adapter of its own.
    """
    dialect = cast(DefaultDialect, engine.dialect)
    if dialect.driver == "asyncpg":
        dialect.connection_characteristics = dialect.connection_characteristics.union(_OPTION)

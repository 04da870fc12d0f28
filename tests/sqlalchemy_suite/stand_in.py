"""Drivers for connections that SQLAlchemy's tests made: connmgr's own for real ones, one for mocks."""

from __future__ import annotations

from typing import Any

from sqlalchemy.util import greenlet_spawn

from connmgr.engine.drivers.postgres import PostgresDriver
from connmgr.engine.drivers.sqlite import SQLiteDriver
from connmgr.settings import Settings
from connmgr.target import PostgresTarget, Server, SQLiteTarget, Target


class MockDriver:
    """Does what a driver does, with what a mock of the DBAPI has."""

    terminate_stops_work = True
    can_reset = True

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def ping(self, connection: Any) -> None:
        if not await greenlet_spawn(self._pool._dialect._do_ping_w_event, connection):
            raise ConnectionError("the connection did not answer")

    async def reset(self, connection: Any) -> None:
        connection.rollback()

    def is_closed(self, connection: Any) -> bool:
        return getattr(connection, "closed", None) is True

    def is_in_transaction(self, connection: Any) -> bool:
        return False

    def terminate(self, connection: Any) -> None:
        connection.close()


def target_of(dialect: Any) -> Target:
    """Return a target that drivers for a dialect's connections accept; the dialect connects by itself."""
    if getattr(dialect, "driver", "") == "asyncpg":
        return PostgresTarget((Server("localhost"),), "theirs", None, None, "disable", "theirs")
    return SQLiteTarget(None)


def driver_of(pool: Any, settings: Settings, dialect: Any) -> Any:
    """Return the driver for the connections that a dialect makes."""
    name = getattr(dialect, "driver", "")
    if name == "asyncpg":
        return PostgresDriver(settings)
    return SQLiteDriver(settings) if name == "aiosqlite" else MockDriver(pool)

"""The one door to asyncpg and aiosqlite: how each kind of database is reached below SQLAlchemy.

To add a driver, write its class and add one entry to `DRIVERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from connmgr.engine.drivers.base import Driver
from connmgr.target import PostgresTarget, SQLiteTarget

if TYPE_CHECKING:
    from connmgr.settings import Settings


def _postgres(settings: Settings) -> Driver:
    from connmgr.engine.drivers.postgres import PostgresDriver

    return PostgresDriver(settings)


def _sqlite(settings: Settings) -> Driver:
    from connmgr.engine.drivers.sqlite import SQLiteDriver

    return SQLiteDriver(settings)


DRIVERS: dict[type, Callable[[Settings], Driver]] = {PostgresTarget: _postgres, SQLiteTarget: _sqlite}


def build_driver(settings: Settings) -> Driver:
    """Return the driver for the target of `settings`; opens nothing."""
    return DRIVERS[type(settings.target)](settings)


__all__ = ["DRIVERS", "Driver", "build_driver"]

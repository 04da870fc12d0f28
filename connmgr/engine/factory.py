"""Builds the async engine of one profile: settings in, SQLAlchemy's `AsyncEngine` out, no I/O."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from connmgr.engine.isolation import restore_isolation_levels
from connmgr.engine.pool import ConnectionPerCheckout, Meter, ProfilePool


def build_engine(meter: Meter) -> AsyncEngine:
    """Return an engine for the meter's profile; it connects at the first checkout.

    Parameters are hidden in errors and logs (`hide_parameters`), because they hold people's data.
    """
    driver = meter.driver
    engine = create_async_engine(
        driver.url,
        async_creator=driver.connect,
        poolclass=ProfilePool if meter.settings.pool.mode == "pooled" else ConnectionPerCheckout,
        meter=meter,
        hide_parameters=True,
    )
    restore_isolation_levels(engine)
    return engine

"""Builds the async engine of one profile: settings in, SQLAlchemy's `AsyncEngine` out, no I/O."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from connmgr.engine.pool import ConnectionPerCheckout, Meter, ProfilePool
from connmgr.settings import PoolSettings


def build_engine(meter: Meter) -> AsyncEngine:
    """Return an engine for the meter's profile; it connects at the first checkout.

    Parameters are hidden in errors and logs (`hide_parameters`), because they hold people's data.
    """
    driver = meter.driver
    return create_async_engine(
        driver.url,
        async_creator=driver.connect,
        meter=meter,
        hide_parameters=True,
        **_pool_arguments(meter.settings.pool),
    )


def _pool_arguments(pool: PoolSettings) -> dict[str, Any]:
    if pool.mode == "none":
        # A connection that is closed anyway needs no rollback before.
        return {"poolclass": ConnectionPerCheckout, "pool_reset_on_return": None}
    return {
        "poolclass": ProfilePool,
        "pool_size": pool.size,
        "max_overflow": pool.max_overflow,
        "pool_timeout": pool.timeout,
        "pool_use_lifo": pool.use_lifo,
        "pool_recycle": pool.max_lifetime,
    }

"""Builds the async engine of one profile: settings in, SQLAlchemy's `AsyncEngine` out, no I/O."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from connmgr.engine.pool import ConnectionPerCheckout, Meter, ProfilePool
from connmgr.engine.pool.dialects import build_shared_engine


def build_engine(meter: Meter) -> AsyncEngine:
    """Return an engine for the meter's profile; it connects at the first checkout."""
    is_pooled = meter.settings.pool.mode == "pooled"
    return build_shared_engine(ProfilePool if is_pooled else ConnectionPerCheckout, meter)

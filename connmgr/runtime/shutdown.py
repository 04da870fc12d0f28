"""Take everything that a registry opened out of service."""

from __future__ import annotations

import asyncio

from connmgr.report import Holder
from connmgr.runtime.engines import Engines
from connmgr.runtime.health import Health


async def shut_down(health: Health, engines: Engines, grace: float) -> tuple[Holder, ...]:
    """End the checks in progress, then retire every engine; return who was cut off.

    Cancelled, it waits no longer for anybody and closes at once.

    Raises:
        Exception: the first error of a retirement, once all of them have ended.
    """
    try:
        await health.close()
    except asyncio.CancelledError:
        grace = 0.0
        raise
    finally:
        # Also when cancelled already: nobody else knows these engines any more.
        holders = await engines.close(grace)
    return holders

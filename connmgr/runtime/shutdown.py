"""Take engines out of service, all at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from connmgr.report import Holder
from connmgr.runtime.handle import Handle
from connmgr.runtime.health import Health


async def shut_down(health: Health, handles: Iterable[Handle], grace: float) -> tuple[Holder, ...]:
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
        retirements = [handle.retire(grace) for handle in handles]
        results = await asyncio.gather(*retirements, return_exceptions=True)
    holders: list[Holder] = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        holders.extend(result)
    return tuple(holders)

"""Opens one connection for a pool, in bounded time."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

from sqlalchemy.util import greenlet_spawn

from connmgr.engine.marks import mark_profile
from connmgr.engine.pool.record import Record
from connmgr.engine.protection import refuse_in_tests

if TYPE_CHECKING:
    from connmgr.engine.pool.closing import ClosingPool
    from connmgr.engine.pool.meter import Meter

_JITTER = 0.1


async def open_record(pool: ClosingPool) -> Record:
    """Connect, and let SQLAlchemy ask its first questions, within `timeouts.connect`.

    The connection is in the books when this returns. Cancelled or failed, it leaves nothing open. Each
    connection lives up to a tenth shorter than `pool.max_lifetime` and than the secret that it was made with,
    at random: those of one burst would else all end at once.

    Raises:
        TimeoutError: names the profile, the server and the setting.
        EngineRetired: the pool was retired; nobody would close what is opened now.
        ProtectedProfile: tests run, and they may not use this profile.
    """
    meter = pool.meter
    begun = meter.clock()
    record = await _connect(pool)
    now = meter.clock()
    record.link = record.driver_connection
    record.used_at = record.alive_at = now
    record.expires_at = expiry(meter, record.link, now)
    meter.opened(record, now - begun)
    return record


def expiry(meter: Meter, link: Any, born: float) -> float:
    """Return when a connection that was opened at `born` is to end, a tenth earlier or less at random: with
    `pool.max_lifetime`, or with the secret that it was made with.
    """
    lifetime, lasts = meter.settings.pool.max_lifetime, meter.driver.lasts(link)
    if lasts is not None:
        lifetime = min(lifetime, meter.clock() + lasts - born)
    return born + lifetime * (1 - _JITTER * random.random())  # noqa: S311


async def _connect(pool: ClosingPool) -> Record:
    meter, settings = pool.meter, pool.meter.settings
    meter.refuse_when_retired()
    refuse_in_tests(settings)
    meter.loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(settings.timeouts.connect):
            return await greenlet_spawn(Record, pool)
    except TimeoutError:
        meter.failed += 1
        late = TimeoutError(
            f"profile {settings.name!r}: no connection to {settings.target.url} within "
            f"{settings.timeouts.connect:g} s (timeouts.connect)"
        )
        mark_profile(late, settings.name)
        raise late from None
    except Exception as error:
        meter.failed += 1
        mark_profile(error, settings.name)
        raise

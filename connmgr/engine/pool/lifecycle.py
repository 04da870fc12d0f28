"""What a pool does by the clock: idle connections end, are kept warm, and are made up for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from connmgr.engine.pool import leaks
from connmgr.engine.pool.per_checkout import ConnectionPerCheckout

if TYPE_CHECKING:
    from connmgr.engine.pool.profile_pool import ProfilePool
    from connmgr.engine.pool.record import Record

_SHARE = 0.2


def housekeep(pool: ProfilePool | ConnectionPerCheckout) -> None:
    """Do what is due; called about once a second, by one task for all the pools of a registry.

    Touches only idle connections. Those that are out end when they come back.
    """
    now = pool.meter.clock()
    leaks.report(pool.meter)
    if isinstance(pool, ConnectionPerCheckout):
        return
    _close_dead(pool)
    _end_lifetimes(pool, now)
    _shrink(pool, now)
    _keep_alive(pool, now)
    pool.refill()


def _close_dead(pool: ProfilePool) -> None:
    """Close what its server has closed, so that nobody has to find out, and `min_idle` is made up for."""
    is_closed = pool.meter.driver.is_closed
    for record in [record for record in pool.idle if is_closed(record.link)]:
        pool.idle.remove(record)
        pool.discard_dead(record)


def _end_lifetimes(pool: ProfilePool, now: float) -> None:
    """Close those that are past their lifetime, at most a fifth of the pool at a time.

    Were all that were opened in one burst to end in one, the next burst would find an empty pool.
    """
    most = max(1, int(len(pool.meter.open) * _SHARE))
    for record in [record for record in pool.idle if now >= record.expires_at][:most]:
        pool.drop_idle(record, "lifetime")


def _shrink(pool: ProfilePool, now: float) -> None:
    """Close those that were idle for too long, the longest first, down to `min_idle`."""
    settings = pool.meter.settings.pool
    if settings.idle_timeout is None:
        return
    idle_since = sorted(pool.idle, key=lambda record: record.used_at)
    for record in idle_since[: max(0, len(idle_since) - settings.min_idle)]:
        if now - record.used_at > settings.idle_timeout:
            pool.drop_idle(record, "idle")


def _keep_alive(pool: ProfilePool, now: float) -> None:
    """Ask those that have been silent for too long, so that no firewall on the way forgets them."""
    keepalive = pool.meter.settings.pool.keepalive or math.inf
    silent: list[Record] = [record for record in pool.idle if now - record.alive_at > keepalive]
    for record in silent:
        pool.check_idle(record)

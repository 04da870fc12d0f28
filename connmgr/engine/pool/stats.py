"""A pool's counters as they are now."""

from __future__ import annotations

from connmgr.engine.pool.meter import Meter
from connmgr.poolstats import BreakerState, PoolStats
from connmgr.settings import PoolSettings


def empty(settings: PoolSettings) -> PoolStats:
    """Return the counters of a pool that was not used yet."""
    return PoolStats(settings.mode, settings.size if settings.mode == "pooled" else 0, settings.max)


def snapshot(
    meter: Meter,
    *,
    size: int,
    max: int | None,  # noqa: A002 - the field's own word
    excess: int = 0,
    idle: int = 0,
    connecting: int = 0,
    waiting: int = 0,
    oldest_wait: float = 0.0,
    breaker: BreakerState | None = None,
    paused: bool = False,
) -> PoolStats:
    """Return the meter's counters, with the gauges that only the pool knows."""
    return PoolStats(
        mode=meter.settings.pool.mode,
        size=size,
        max=max,
        open=len(meter.open),
        idle=idle,
        connecting=connecting,
        waiting=waiting,
        oldest_wait=oldest_wait,
        breaker=breaker,
        paused=paused,
        leaks=meter.leaks,
        excess=excess,
        checkouts=meter.checkouts,
        timeouts=meter.timeouts,
        rejected=meter.rejected,
        created=meter.created,
        failed=meter.failed,
        closed_by=dict(meter.closed_by),
        liveness_skipped=meter.liveness_skipped,
        liveness_pinged=meter.liveness_pinged,
        liveness_failed=meter.liveness_failed,
        wait=meter.wait.snapshot(),
        use=meter.use.snapshot(),
        create=meter.create.snapshot(),
    )

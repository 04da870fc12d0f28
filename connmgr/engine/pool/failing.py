"""What is said to callers that get no connection."""

from __future__ import annotations

from sqlalchemy import exc

from connmgr import errors
from connmgr.engine.failures import classify
from connmgr.engine.pool.meter import Meter
from connmgr.poolstats import PoolStats
from connmgr.settings import Settings


class PoolTimeout(errors.PoolTimeout, exc.TimeoutError):
    """`connmgr.PoolTimeout` and `sqlalchemy.exc.TimeoutError` at once."""


class TooManyWaiting(errors.TooManyWaiting, PoolTimeout):
    """`connmgr.TooManyWaiting` and `sqlalchemy.exc.TimeoutError` at once."""


def timed_out(meter: Meter, waited: float, stats: PoolStats, last_error: BaseException | None) -> PoolTimeout:
    """Return the error for a checkout that got nothing in `waited` seconds; its cause is `last_error`."""
    name, limit = meter.settings.name, meter.settings.pool.timeout
    begin = (
        f"profile {name!r}: no connection within {limit:g} s (pool.timeout; {waited:.2f} s passed): {stats}"
    )
    if last_error is None:
        return PoolTimeout(f"{begin}; {_advice(meter, stats)}")
    failure = classify(last_error, meter.driver.secrets)
    error = PoolTimeout(
        f"{begin}; the last connect failed ({failure.kind.value}): {failure.message}; {failure.hint}"
    )
    error.__cause__ = last_error
    return error


def _advice(meter: Meter, stats: PoolStats) -> str:
    if stats.paused:
        return "the profile is paused: an operator lets it go on with `connmgr resume`, or registry.resume"
    if stats.connecting and not stats.in_use:
        url = meter.settings.target.url
        return f"a connect to {url} was still under way: look at the way there, or raise pool.timeout"
    return "look for sessions that are held too long, or raise pool.size or pool.max_overflow"


def rejected(settings: Settings, stats: PoolStats) -> TooManyWaiting:
    """Return the error for a checkout that was refused at once."""
    return TooManyWaiting(
        f"profile {settings.name!r}: refused at once, {settings.pool.max_waiting} callers may wait "
        f"(pool.max_waiting): {stats}; look for sessions that are held too long, or raise pool.size"
    )

"""What a checkout that got nothing raises."""

from __future__ import annotations

import sqlalchemy.exc

import connmgr
from connmgr import PoolStats
from connmgr.engine.drivers import build_driver
from connmgr.engine.pool import Meter, failing
from connmgr.settings import PoolSettings, Settings
from connmgr.target import SQLiteTarget


def meter() -> Meter:
    settings = Settings("orders", SQLiteTarget(None), PoolSettings(size=2, max_overflow=1, timeout=0.5))
    return Meter(settings, build_driver(settings))


def timed_out(cause: BaseException | None = None) -> Exception:
    return failing.timed_out(meter(), 0.51, PoolStats("pooled", 2, 3), cause)


def test_the_pools_errors_are_ours_and_sqlalchemys() -> None:
    rejected = failing.rejected(meter().settings, PoolStats("pooled", 2, 3))

    for error in (timed_out(), rejected):
        assert isinstance(error, connmgr.PoolTimeout)
        assert isinstance(error, sqlalchemy.exc.TimeoutError)
    assert isinstance(rejected, connmgr.TooManyWaiting)


def test_the_pools_timeout_says_how_long_it_waited_and_what_to_do() -> None:
    message = str(timed_out())

    assert message.startswith(
        "profile 'orders': no connection within 0.5 s (pool.timeout; 0.51 s passed): 0 in use of 3, "
    )
    assert message.endswith("raise pool.size or pool.max_overflow")


def test_the_pools_timeout_says_why_it_could_not_connect_and_keeps_the_cause() -> None:
    cause = ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 1)")

    error = timed_out(cause)

    assert error.__cause__ is cause
    assert "the last connect failed (refused): [Errno 111] Connect call failed" in str(error)
    assert "check host and port in `url`" in str(error)

"""How long to wait before the next try."""

from __future__ import annotations

import random

from connmgr.settings import ConnectRetry, TransactionRetry

_SHARE = 0.07
_IDLE_LONGEST = 30.0
_IDLE_JITTER = 0.25


def connect_pause(failing_for: float, retry: ConnectRetry) -> float:
    """Return the seconds until the next connect for those who wait, after `failing_for` seconds of failures.

    A share of how long it has failed: a server that was away for a moment is found in a moment, and one
    that stays away is asked five times a second by each pool, whatever the number of its callers.
    """
    return _jittered(min(retry.max, max(retry.initial, failing_for * _SHARE)), retry.jitter)


def idle_pause(failing_for: float) -> float:
    """Return the seconds until the next connect that nobody waits for, for `pool.min_idle`.

    Long, because nobody is harmed and a wrong password tried again and again locks an account.
    """
    return _jittered(min(_IDLE_LONGEST, 1.0 + failing_for), _IDLE_JITTER)


def transaction_pause(tries: int, retry: TransactionRetry) -> float:
    """Return the seconds until a transaction that failed so many times is tried again.

    The pause doubles from try to try. With a `jitter` of 1 it lies anywhere between nothing and that, which
    ends clashes soonest (Marc Brooker, "Exponential Backoff And Jitter").
    """
    return _jittered(min(retry.max, retry.initial * 2.0 ** min(tries - 1, 60)), retry.jitter)


def _jittered(seconds: float, share: float) -> float:
    return seconds * random.uniform(1.0 - share, 1.0)  # noqa: S311

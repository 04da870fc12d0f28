"""How long to wait before the next try to connect."""

from __future__ import annotations

import random

SHORTEST = 0.02
LONGEST = 0.2
"""Seconds. A server that is back is found within the longest."""

_SHARE = 0.07
_IDLE_LONGEST = 30.0


def pause(failing_for: float) -> float:
    """Return the seconds until the next try for those who wait, after `failing_for` seconds of failures.

    A share of how long it has failed: a server that was away for a moment is found in a moment, and one
    that stays away is asked five times a second by each pool, whatever the number of its callers. Up to a
    quarter is taken off at random, so that many processes do not come back at once.
    """
    return min(LONGEST, max(SHORTEST, failing_for * _SHARE)) * random.uniform(0.75, 1.0)  # noqa: S311


def idle_pause(failing_for: float) -> float:
    """Return the seconds until the next try that nobody waits for, for `pool.min_idle`.

    Long, because nobody is harmed and a wrong password tried again and again locks an account.
    """
    return min(_IDLE_LONGEST, 1.0 + failing_for) * random.uniform(0.75, 1.0)  # noqa: S311

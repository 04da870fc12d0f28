"""Durations on their way to a histogram of OpenTelemetry's, some at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from threading import RLock
from typing import Final

from opentelemetry.metrics import Histogram
from opentelemetry.trace import INVALID_SPAN, set_span_in_context

from connmgr.telemetry.metrics import POOL_NAME

FULL: Final = 250
"""How many are kept back for one pool. The event loop stands still for 1.5 ms while they are recorded."""

_NOWHERE: Final = set_span_in_context(INVALID_SPAN)
"""The context of durations that are recorded later: whoever happens to do that was not the one who waited."""


class Durations(dict[str, "_Kept"]):
    """What is kept back for one histogram, by profile.

    Recording takes the SDK six microseconds in a row, and two or three times as many amid other work, each of
    which finds the processor's caches full of the other: so it is done for some hundred at a time.
    """

    def __init__(self, histogram: Histogram, names: Mapping[str, str]) -> None:
        super().__init__()
        self._histogram = histogram
        self._names = names
        self._by_name: dict[str, _Kept] = {}

    def __missing__(self, profile: str) -> _Kept:
        name = self._names[profile]
        kept = self._by_name.get(name) or self._by_name.setdefault(name, _Kept(self._histogram, name))
        # Not those of `other`, of which reloads may bring ever more.
        return self.setdefault(profile, kept) if name == profile else kept

    def flush(self) -> None:
        """Record them all; from any thread."""
        for kept in list(self._by_name.values()):
            kept.flush()


class _Kept:
    """What is kept back for one pool. Recorded in the order in which they came, or sums would differ from
    the pool's own in their last digits.
    """

    __slots__ = ("_attributes", "_histogram", "_lock", "_seconds")

    def __init__(self, histogram: Histogram, name: str) -> None:
        self._histogram = histogram
        self._attributes = {POOL_NAME: name}
        self._seconds: deque[float] = deque()
        # A connection may come back from the garbage collector, in the middle of a flush.
        self._lock = RLock()

    def add(self, seconds: float, *, at_once: bool) -> None:
        """Keep one, or record it `at_once`, in the current context: for who is traced, whose span the SDK
        notes as an example.
        """
        if at_once:
            self.flush()
            self._histogram.record(seconds, self._attributes)
            return
        self._seconds.append(seconds)
        if len(self._seconds) >= FULL:
            self.flush()

    def flush(self) -> None:
        """Record what is kept."""
        with self._lock:
            while self._seconds:
                self._histogram.record(self._seconds.popleft(), self._attributes, _NOWHERE)

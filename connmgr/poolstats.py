"""Frozen values that say what a pool did and does: its counters, and its durations as histograms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from itertools import zip_longest
from typing import Literal, TypeAlias

BreakerState: TypeAlias = Literal["closed", "half_open", "open"]


@dataclass(frozen=True, slots=True)
class Histogram:
    """Durations, counted by powers of two of a microsecond; two of them add up to one (`a + b`).

    `counts[k]` is how many took less than `2**k` µs and not less than half of that; `total` is their
    sum in seconds.
    """

    counts: tuple[int, ...] = ()
    total: float = 0.0

    def __add__(self, other: Histogram) -> Histogram:
        counts = zip_longest(self.counts, other.counts, fillvalue=0)
        return Histogram(tuple(ours + theirs for ours, theirs in counts), self.total + other.total)

    @property
    def count(self) -> int:
        """How many durations were counted."""
        return sum(self.counts)

    def quantile(self, share: float) -> float:
        """Return the seconds that `share` (0 to 1) of the durations did not exceed, to the next power of two.

        Zero when nothing was counted.

        Raises:
            ValueError: `share` is not from 0 to 1.
        """
        if not 0 <= share <= 1:
            raise ValueError(f"a share of the durations is from 0 to 1, as 0.99 is; got {share!r}")
        left = share * self.count
        for power, count in enumerate(self.counts):
            left -= count
            if count and left <= 0:
                return 2.0**power / 1e6
        return 0.0

    def to_dict(self) -> dict[str, object]:
        """Return the counts by their upper bounds in seconds, those of no duration left out."""
        bounds = {f"{2.0**power / 1e6:g}": count for power, count in enumerate(self.counts) if count}
        return {"count": self.count, "total": self.total, "up_to": bounds}


@dataclass(frozen=True, slots=True)
class PoolStats:
    """Counters of one pool. At every reading `idle + in_use == open`, and `open + connecting` is at most
    `max + excess`.

    `size` connections are kept and `max` opened at most, None for no limit. The gauges are of now: `in_use`
    are those checked out, being tested or being reset, `oldest_wait` is in seconds, `excess` is by how many
    connections a pool that was made smaller is still too large, `breaker` is None where none is set, `paused`
    says that an operator lets callers wait, and `retiring` counts connections beside the open ones: those of
    engines that left service and that somebody still works with.

    The others count since the engine was built, at the profile's first use or by a reload. `timeouts` and
    `rejected` are checkouts that got nothing, `failed` are connects, `leaks` are connections that were held
    for longer than `pool.leak_detection_threshold`, `retries` are transactions that `run` began again.
    `closed_by` says why connections were closed, and `liveness_*` how idle ones were tested before they were
    handed out: not at all since they had just been used, with a round trip, and those of them found dead.
    `wait` is how long checkouts took, with those that timed out, `use` how long connections were out,
    `create` how long connects took.
    """

    mode: str
    size: int
    max: int | None
    open: int = 0
    idle: int = 0
    connecting: int = 0
    waiting: int = 0
    oldest_wait: float = 0.0
    excess: int = 0
    breaker: BreakerState | None = None
    paused: bool = False
    retiring: int = 0
    checkouts: int = 0
    timeouts: int = 0
    rejected: int = 0
    created: int = 0
    failed: int = 0
    leaks: int = 0
    retries: int = 0
    closed_by: Mapping[str, int] = field(default_factory=dict, hash=False)
    liveness_skipped: int = 0
    liveness_pinged: int = 0
    liveness_failed: int = 0
    wait: Histogram = Histogram()
    use: Histogram = Histogram()
    create: Histogram = Histogram()

    @property
    def in_use(self) -> int:
        """Open connections that somebody has, or that are being tested or reset."""
        return self.open - self.idle

    @property
    def closed(self) -> int:
        """Connections that were closed, for whatever reason."""
        return sum(self.closed_by.values())

    @property
    def saturated(self) -> bool:
        """No free slot, waiters or not."""
        return self.max is not None and self.in_use + self.connecting >= self.max

    def __str__(self) -> str:
        limit = "no limit" if self.max is None else f"{self.max}"
        rejected = f"{self.rejected} rejected, " if self.rejected else ""
        return (
            f"{self.in_use} in use of {limit}, {self.idle} idle, {self.connecting} connecting, "
            f"{self.waiting} waiting, {self.checkouts} checkouts, {self.timeouts} timeouts, {rejected}"
            f"{self.created} created, {self.failed} failed, {self.closed} closed"
        )

    def to_dict(self) -> dict[str, object]:
        """Return the counters as plain values, histograms as dictionaries."""
        names = [f.name for f in fields(self)]
        values: dict[str, object] = {name: getattr(self, name) for name in names}
        for name in ("wait", "use", "create"):
            values[name] = getattr(self, name).to_dict()
        return {
            **values,
            "closed_by": dict(self.closed_by),
            "in_use": self.in_use,
            "closed": self.closed,
            "saturated": self.saturated,
        }

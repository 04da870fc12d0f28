"""Every metric that a registry reports: name, instrument, unit, description.

`db.client.connection.*` are OpenTelemetry's semantic conventions for database clients, name by name; what
these lack stands below them, as `connmgr.*`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

POOL_NAME: Final = "db.client.connection.pool.name"
"""The attribute that every metric of a pool has: the profile's name."""

STATE: Final = "db.client.connection.state"
STATUS: Final = "connmgr.health.status"
SERVICE_STATE: Final = "connmgr.service.state"
RESULT: Final = "connmgr.reload.result"

BOUNDARIES: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10)
"""Bounds of OpenTelemetry's histograms, in seconds: those of its conventions for database clients."""


class Instrument(StrEnum):
    """What OpenTelemetry calls the kinds of metrics."""

    GAUGE = "gauge"
    UPDOWNCOUNTER = "updowncounter"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `attribute` is what it has beside the pool's name, which one about the registry lacks."""

    name: str
    instrument: Instrument
    unit: str
    description: str
    attribute: str | None = None
    is_of_pools: bool = True

    @property
    def exposed_name(self) -> str:
        """The name of its family in Prometheus, as OpenTelemetry's exporter for Prometheus writes it."""
        suffix = "_seconds" if self.unit == "s" else ""
        return exposed(self.name) + suffix

    @property
    def attributes(self) -> tuple[str, ...]:
        """The names of all its attributes."""
        own = () if self.attribute is None else (self.attribute,)
        return (POOL_NAME, *own) if self.is_of_pools else own


def exposed(name: str) -> str:
    """Return a name, or an attribute, as Prometheus has it."""
    return name.replace(".", "_")


_UPDOWN, _COUNTER, _HISTOGRAM = Instrument.UPDOWNCOUNTER, Instrument.COUNTER, Instrument.HISTOGRAM

COUNT = Metric(
    "db.client.connection.count",
    _UPDOWN,
    "{connection}",
    "Open connections by state; used are those that somebody has, or that are tested or reset.",
    STATE,
)
IDLE_MAX = Metric(
    "db.client.connection.idle.max",
    _UPDOWN,
    "{connection}",
    "How many connections may be idle: pool.size.",
)
IDLE_MIN = Metric(
    "db.client.connection.idle.min",
    _UPDOWN,
    "{connection}",
    "How many idle connections are kept ready: pool.min_idle.",
)
MAX = Metric(
    "db.client.connection.max",
    _UPDOWN,
    "{connection}",
    "How many connections may be open: pool.size and pool.max_overflow; absent without a limit.",
)
PENDING_REQUESTS = Metric(
    "db.client.connection.pending_requests",
    _UPDOWN,
    "{request}",
    "Callers that wait for a connection.",
)
TIMEOUTS = Metric(
    "db.client.connection.timeouts",
    _COUNTER,
    "{timeout}",
    "Callers that got no connection within pool.timeout.",
)
CREATE_TIME = Metric(
    "db.client.connection.create_time",
    _HISTOGRAM,
    "s",
    "How long connects took that succeeded.",
)
WAIT_TIME = Metric(
    "db.client.connection.wait_time",
    _HISTOGRAM,
    "s",
    "How long checkouts took, with those that timed out.",
)
USE_TIME = Metric(
    "db.client.connection.use_time",
    _HISTOGRAM,
    "s",
    "How long connections were out.",
)
OLDEST_WAIT = Metric(
    "connmgr.pool.oldest_wait",
    Instrument.GAUGE,
    "s",
    "For how long the first in the queue has waited; zero when nobody waits.",
)
REJECTED = Metric(
    "connmgr.pool.rejected",
    _COUNTER,
    "{request}",
    "Callers that were refused at once, by pool.max_waiting or an open breaker.",
)
CONNECT_FAILURES = Metric(
    "connmgr.pool.connect_failures",
    _COUNTER,
    "{connect}",
    "Connects that failed.",
)
LEAKS = Metric(
    "connmgr.pool.leaks",
    _COUNTER,
    "{connection}",
    "Connections that were held for longer than pool.leak_detection_threshold.",
)
BREAKER_OPEN = Metric(
    "connmgr.breaker.open",
    _UPDOWN,
    "{breaker}",
    "1 while the breaker refuses callers, else 0; absent where none is set.",
)
RETRIES = Metric(
    "connmgr.transaction.retries",
    _COUNTER,
    "{retry}",
    "Transactions that run began again.",
)
HEALTH_STATUS = Metric(
    "connmgr.health.status",
    _UPDOWN,
    "{profile}",
    "1 for the status that the last health check found, 0 for the others; absent before a first check.",
    STATUS,
)
RETIRING = Metric(
    "connmgr.connections.retiring",
    _UPDOWN,
    "{connection}",
    "Open connections of engines that a reload replaced, and that somebody still works with.",
)
STATE_OF_SERVICE = Metric(
    "connmgr.service.state",
    _UPDOWN,
    "{profile}",
    "1 for how the profile serves, 0 for the others: paused lets callers wait, disabled refuses them.",
    SERVICE_STATE,
)
RELOADS = Metric(
    "connmgr.reloads",
    _COUNTER,
    "{reload}",
    "Reloads of the profiles' files that were applied, with or without a change, and refused.",
    RESULT,
    is_of_pools=False,
)
RELOAD_FAILED = Metric(
    "connmgr.reload.failed",
    _UPDOWN,
    "{registry}",
    "1 while the files are not what runs, for the last reload was refused, else 0.",
    is_of_pools=False,
)

METRICS: Final = (
    COUNT, IDLE_MAX, IDLE_MIN, MAX, PENDING_REQUESTS, TIMEOUTS, CREATE_TIME, WAIT_TIME, USE_TIME,
    OLDEST_WAIT, REJECTED, CONNECT_FAILURES, LEAKS, BREAKER_OPEN, RETRIES, HEALTH_STATUS, RETIRING,
    STATE_OF_SERVICE, RELOADS, RELOAD_FAILED,
)  # fmt: skip

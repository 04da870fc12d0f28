"""Frozen values that say how a profile is doing: holders of connections, health reports."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from enum import StrEnum

from connmgr.failure import Failure
from connmgr.poolstats import PoolStats


class Status(StrEnum):
    """The verdict of a health check."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class Holder:
    """Someone who holds a connection, or held an engine when it was closed under them.

    `held_for` is in seconds. `stack` are the application's lines that checked the connection out, the
    innermost first, where `pool.leak_detection_threshold` is set.
    """

    profile: str
    task: str
    held_for: float
    stack: str = ""


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What answered. `role` is `primary` or `standby`, None for a database without roles."""

    product: str
    version: str
    role: str | None


@dataclass(frozen=True, slots=True)
class HealthReport:
    """How one profile is doing.

    `reason` is `ok`, `pool_saturated`, or a `FailureKind`. `latency_ms` is the round trip of the query
    alone, None when nothing answered. `checked_at` is in UTC. `pool` is None for a profile that could
    not be settled.
    """

    profile: str
    status: Status
    reason: str
    reachable: bool
    saturated: bool
    latency_ms: float | None
    checked_at: dt.datetime
    critical: bool = True
    server: ServerInfo | None = None
    pool: PoolStats | None = None
    error: Failure | None = None
    hint: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return the report as plain values, ready for JSON; times in ISO 8601."""
        error = None
        if self.error is not None:
            error = {
                "type": self.error.type,
                "sqlstate": self.error.sqlstate,
                "message": self.error.message,
            }
        return {
            "profile": self.profile,
            "status": self.status.value,
            "reason": self.reason,
            "critical": self.critical,
            "reachable": self.reachable,
            "saturated": self.saturated,
            "latency_ms": self.latency_ms,
            "checked_at": self.checked_at.isoformat(),
            "server": asdict(self.server) if self.server else None,
            "pool": self.pool.to_dict() if self.pool else None,
            "error": error,
            "hint": self.hint,
        }

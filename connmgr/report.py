"""Frozen values that say how a profile is doing: holders of connections, health reports, their history."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, TypeAlias, get_args

from connmgr.failure import Failure
from connmgr.poolstats import PoolStats
from connmgr.server import ServerInfo

ServiceState: TypeAlias = Literal["active", "paused", "disabled"]
"""How a profile serves: new work is done, waits until an operator resumes it, or is refused."""

SERVICE_STATES: Final[tuple[ServiceState, ...]] = get_args(ServiceState)


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
class ReloadStats:
    """How often a registry was reloaded, with or without a change, and refused to be, since it was loaded."""

    applied: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class HealthPoint:
    """A past result, or a change of the status: what it was from then on."""

    checked_at: dt.datetime
    status: Status
    reason: str
    latency_ms: float | None = None


@dataclass(frozen=True, slots=True)
class HealthHistory:
    """The last results of a profile, and the last changes of its status, the newest last."""

    results: tuple[HealthPoint, ...] = ()
    transitions: tuple[HealthPoint, ...] = ()


@dataclass(frozen=True, slots=True)
class HealthReport:
    """How one profile is doing.

    `reason` is `ok`, one of those in `runtime.verdict`, or a `FailureKind`. `latency_ms` is the round trip
    of the query alone, None when nothing answered. `checked_at` is when the server was asked, and `since`
    from when on the status is what it is, both in UTC. `saturated` says that no connection is free, and
    `stuck` that none has come back for `health.stuck_after` either. `pool` is None for a profile that
    could not be settled. `reload_error` says why the last reload of the profiles' files changed nothing,
    empty when it did not fail: what runs is then not what the files say.
    """

    profile: str
    status: Status
    reason: str
    reachable: bool
    saturated: bool
    latency_ms: float | None
    checked_at: dt.datetime
    critical: bool = True
    since: dt.datetime | None = None
    stuck: bool = False
    server: ServerInfo | None = None
    pool: PoolStats | None = None
    error: Failure | None = None
    hint: str = ""
    reload_error: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return the report as plain values, ready for JSON; times in ISO 8601."""
        error = None
        if self.error is not None:
            error = {
                "kind": self.error.kind.value,
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
            "stuck": self.stuck,
            "latency_ms": self.latency_ms,
            "checked_at": self.checked_at.isoformat(),
            "since": self.since.isoformat() if self.since else None,
            "server": self.server.to_dict(self.checked_at) if self.server else None,
            "pool": self.pool.to_dict() if self.pool else None,
            "error": error,
            "hint": self.hint,
            "reload_error": self.reload_error,
        }

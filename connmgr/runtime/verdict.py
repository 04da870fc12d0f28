"""What the facts of a check come to: a status, the reason, and what to do."""

from __future__ import annotations

import datetime as dt
from typing import Final, NamedTuple

from connmgr.failure import Failure, FailureKind
from connmgr.poolstats import PoolStats
from connmgr.report import Status
from connmgr.runtime.integrity import UNFINISHED
from connmgr.server import ServerInfo

CERTIFICATE_DAYS: Final = 14
"""Days before its end from which on a server's certificate needs attention."""


REASONS: Final = (
    "ok",
    "pool_saturated",
    "pool_stuck",
    "breaker_open",
    "certificate_ends",
    "secret_unavailable",
    "not_checked",
    "integrity_unfinished",
    "paused",
    "disabled",
)
"""What a reason may be beside a kind of failure."""


class Verdict(NamedTuple):
    """A status, why it is that, and one sentence of advice."""

    status: Status
    reason: str
    hint: str = ""


class Facts(NamedTuple):
    """What is known when a verdict is due. `lost_writer` says that the server took writes before, and
    `secret_trouble` why a source gives no secret while the last good one serves.
    """

    pool: PoolStats
    now: dt.datetime
    failure: Failure | None = None
    server: ServerInfo | None = None
    is_stuck: bool = False
    lost_writer: bool = False
    was_checked: bool = True
    is_disabled: bool = False
    secret_trouble: str | None = None


def judge(facts: Facts) -> Verdict:
    """Return the worst of what there is to say; of equals, what stands first here."""
    if facts.failure is not None:
        return Verdict(Status.UNHEALTHY, facts.failure.kind.value, facts.failure.hint)
    server = facts.server
    if server is not None and server.integrity not in (None, "ok", UNFINISHED):
        hint = "restore the database from a backup; PRAGMA integrity_check says more"
        return Verdict(Status.UNHEALTHY, FailureKind.CORRUPT.value, hint)
    if facts.is_stuck:
        hint = "no connection has come back for health.stuck_after: look at who holds them (registry.holders)"
        return Verdict(Status.UNHEALTHY, "pool_stuck", hint)
    if not facts.was_checked:
        hint = (
            "more databases are checked than health.max_monitors allows at once: raise it, or health.timeout "
            "(or a reload changed the profile just now)"
        )
        return Verdict(Status.DEGRADED, "not_checked", hint)
    return _degraded(facts) or Verdict(Status.HEALTHY, "ok")


def _degraded(facts: Facts) -> Verdict | None:
    server, pool = facts.server, facts.pool
    if facts.is_disabled:
        hint = "an operator took it out of service: `connmgr enable`, or registry.enable, puts it back"
        return Verdict(Status.DEGRADED, "disabled", hint)
    if facts.lost_writer:
        hint = (
            "this server took writes before and now refuses them: find the new primary, or promote this one"
        )
        return Verdict(Status.DEGRADED, FailureKind.READ_ONLY.value, hint)
    if pool.breaker not in (None, "closed"):
        hint = "the server answers, and the breaker does not know it yet: it tries again by itself"
        return Verdict(Status.DEGRADED, "breaker_open", hint)
    if facts.secret_trouble is not None:
        hint = f"the last secret serves until its ttl ends; its source gives none: {facts.secret_trouble}"
        return Verdict(Status.DEGRADED, "secret_unavailable", hint)
    if pool.saturated:
        hint = "every connection is in use: look for sessions held too long, or raise pool.size"
        return Verdict(Status.DEGRADED, "pool_saturated", hint)
    if server is None:
        return None
    if server.load is not None and server.load.connections >= server.load.limit:
        hint = (
            "the server has no connection left for anybody new: use smaller pools, or raise max_connections"
        )
        return Verdict(Status.DEGRADED, FailureKind.TOO_MANY_CONNECTIONS.value, hint)
    if server.integrity == UNFINISHED:
        hint = "the database could not be read whole in the time given: give it more"
        return Verdict(Status.DEGRADED, "integrity_unfinished", hint)
    days = server.tls.days_left(facts.now) if server.tls is not None else None
    if days is not None and days < CERTIFICATE_DAYS:
        hint = f"the server's certificate ends in {max(0.0, days):.0f} days: renew it"
        return Verdict(Status.DEGRADED, "certificate_ends", hint)
    return None

"""Put what is known of a profile into a report: what a check found, or why there was none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from connmgr.failure import Failure, FailureKind
from connmgr.profile import Profile
from connmgr.report import HealthReport, Status
from connmgr.runtime.course import Course
from connmgr.runtime.handle import Handle
from connmgr.runtime.monitor import Answer
from connmgr.runtime.verdict import Facts, Verdict, judge


def checked(handle: Handle, answer: Answer, facts: Facts, course: Course, reload_error: str) -> HealthReport:
    """Report what a check found."""
    verdict = judge(facts)
    return HealthReport(
        profile=handle.name,
        status=verdict.status,
        reason=verdict.reason,
        critical=handle.settings.health.critical,
        reachable=answer.server is not None,
        saturated=facts.pool.saturated,
        latency_ms=None if answer.latency_ms is None else round(answer.latency_ms, 3),
        checked_at=answer.checked_at,
        since=course.since(verdict.status, verdict.reason, answer.checked_at),
        stuck=facts.is_stuck,
        server=answer.server,
        pool=facts.pool,
        error=facts.failure,
        hint=verdict.hint,
        reload_error=reload_error,
    )


def paused(handle: Handle, course: Course, reload_error: str) -> HealthReport:
    """Report a profile that an operator paused: its database is left alone."""
    hint = f"an operator paused it: `connmgr resume {handle.name}`, or registry.resume, lets it go on"
    return _unasked(handle, Verdict(Status.DEGRADED, "paused", hint), course, reload_error)


def left(handle: Handle, reload_error: str) -> HealthReport:
    """Report a profile that left service while it was checked."""
    hint = "it was removed, or the registry closed, before the database answered"
    return _unasked(handle, Verdict(Status.DEGRADED, "not_checked", hint), Course(), reload_error)


def _unasked(handle: Handle, verdict: Verdict, course: Course, reload_error: str) -> HealthReport:
    pool, now = handle.stats(), dt.datetime.now(dt.UTC)
    return HealthReport(
        profile=handle.name,
        status=verdict.status,
        reason=verdict.reason,
        critical=handle.settings.health.critical,
        reachable=False,
        saturated=pool.saturated,
        latency_ms=None,
        checked_at=now,
        since=course.since(verdict.status, verdict.reason, now),
        pool=pool,
        hint=verdict.hint,
        reload_error=reload_error,
    )


def misconfigured(profile: Profile, failure: Failure, course: Course, reload_error: str) -> HealthReport:
    """Report a profile whose settings cannot be had: nothing was asked."""
    health = profile.values.get("health")
    critical = health.get("critical") if isinstance(health, Mapping) else None
    now, reason = dt.datetime.now(dt.UTC), FailureKind.MISCONFIGURED.value
    return HealthReport(
        profile=profile.name,
        status=Status.UNHEALTHY,
        reason=reason,
        critical=critical is not False,
        reachable=False,
        saturated=False,
        latency_ms=None,
        checked_at=now,
        since=course.since(Status.UNHEALTHY, reason, now),
        error=failure,
        hint=failure.hint,
        reload_error=reload_error,
    )

"""Health of one open registry's profiles: who is asked, what the answers come to, what is remembered."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Hashable, Mapping
from contextvars import Context
from dataclasses import replace
from typing import Any

from connmgr.failure import Failure, FailureKind
from connmgr.profile import Profile
from connmgr.report import HealthHistory, HealthReport, ServiceState, Status
from connmgr.runtime.course import Course
from connmgr.runtime.handle import Handle
from connmgr.runtime.integrity import check_integrity
from connmgr.runtime.monitor import Answer, Monitor, NotChecked
from connmgr.runtime.seats import Seats
from connmgr.runtime.verdict import Facts, judge
from connmgr.server import ServerInfo


class Health:
    """Owns the monitors, one for each database that profiles name, and their connections."""

    name = "health"

    def __init__(self, most_per_server: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._most = most_per_server
        self._seats: dict[Hashable, Seats] = {}
        self._by_identity: dict[Hashable, Monitor] = {}
        self._by_name: dict[str, Monitor] = {}
        self._courses: defaultdict[str, Course] = defaultdict(Course)
        self._resting: set[asyncio.Task[None]] = set()
        self.reload_error = ""
        """Why the files of the profiles are not what runs; empty when they are."""

    async def check(
        self,
        handle: Handle,
        max_age: float | None,
        integrity: float | None = None,
        *,
        state: ServiceState = "active",
    ) -> HealthReport:
        """Return a report within `health.timeout`; never raises for a database that is down.

        What the server said may be `max_age` seconds old, `health.ttl` unless given; the pool's counters
        are of now. With `integrity` the database is read whole, for up to so many seconds more.
        """
        monitor = self._monitor(handle)
        settings = handle.settings.health
        age = settings.ttl if max_age is None else max_age
        answer = await monitor.ask(within=settings.timeout, max_age=age)
        if isinstance(answer.error, NotChecked) and monitor.latest is not None:
            answer = monitor.latest  # older than was asked for, and still what is known
        if integrity is not None and answer.server is not None:
            answer = await _read_whole(handle, answer, answer.server, integrity)
        return self._report(handle, monitor, answer, state)

    def paused(self, handle: Handle) -> HealthReport:
        """Report a profile that an operator paused: its database is left alone."""
        course, now, reason = self._courses[handle.name], dt.datetime.now(dt.UTC), "paused"
        pool = handle.stats()
        report = HealthReport(
            profile=handle.name,
            status=Status.DEGRADED,
            reason=reason,
            critical=handle.settings.health.critical,
            reachable=False,
            saturated=pool.saturated,
            latency_ms=None,
            checked_at=now,
            since=course.since(Status.DEGRADED, reason, now),
            pool=pool,
            hint=f"an operator paused it: `connmgr resume {handle.name}`, or registry.resume, lets it go on",
            reload_error=self.reload_error,
        )
        course.note(report)
        return report

    def misconfigured(self, profile: Profile, failure: Failure) -> HealthReport:
        """Report a profile whose settings cannot be had: nothing was asked."""
        health = profile.values.get("health")
        critical = health.get("critical") if isinstance(health, Mapping) else None
        course, now = self._courses[profile.name], dt.datetime.now(dt.UTC)
        reason = FailureKind.MISCONFIGURED.value
        report = HealthReport(
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
            reload_error=self.reload_error,
        )
        course.note(report)
        return report

    def read_pool(self, handle: Handle) -> bool:
        """Return whether a pool is stuck, by its counters alone."""
        course, health = self._courses[handle.name], handle.settings.health
        is_stuck = course.read(handle.stats(), self._clock(), health.stuck_after, health.ttl)
        # Those who wait for a server that is away would wait after a restart as well.
        return is_stuck and (course.latest is None or course.latest.reachable)

    def latest(self) -> dict[str, HealthReport]:
        """Return the last report of each profile that has one."""
        return {name: each.latest for name, each in self._courses.items() if each.latest is not None}

    def history(self, name: str) -> HealthHistory:
        """Return what is remembered of a profile's checks."""
        return self._courses[name].history() if name in self._courses else HealthHistory()

    def set_most_per_server(self, most: int) -> None:
        """Let a server bear so many connections for checks from now on."""
        self._most = most
        for seats in set(self._seats.values()):
            seats.set_most(most)

    def forget(self, name: str, *, for_good: bool = False) -> asyncio.Task[None] | None:
        """Check a profile anew from now on: by the driver and the settings that it will have then.

        Returns the task that closes the connection that was kept, if there is one. With `for_good` nothing
        is remembered of the profile either.
        """
        if for_good:
            self._courses.pop(name, None)
        monitor = self._by_name.pop(name, None)
        if monitor is None:
            return None
        if monitor.profile != name and monitor in self._by_name.values():
            return None  # others use it, and it is theirs
        self._by_name = {other: one for other, one in self._by_name.items() if one is not monitor}
        self._by_identity = {key: one for key, one in self._by_identity.items() if one is not monitor}
        return self._own(monitor.close())

    def _own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self._resting.add(task)
        task.add_done_callback(self._resting.discard)
        return task

    def housekeep(self) -> None:
        """Close connections that no check has used for a while."""
        for monitor in self._by_identity.values():
            if monitor.is_unasked():
                self._own(monitor.rest())

    async def close(self) -> None:
        """End the checks in progress, and close every connection."""
        ends = [monitor.close() for monitor in self._by_identity.values()]
        await asyncio.gather(*ends, *self._resting, return_exceptions=True)

    def _monitor(self, handle: Handle) -> Monitor:
        monitor = self._by_name.get(handle.name)
        if monitor is None:
            driver = handle.driver
            monitor = self._by_identity.get(driver.identity)
            if monitor is None:
                seats = self._seats_of(driver.servers)
                monitor = self._by_identity[driver.identity] = Monitor(handle, seats, self._clock)
            self._by_name[handle.name] = monitor
        return monitor

    def _seats_of(self, servers: tuple[Hashable, ...]) -> Seats:
        """Return the seats of servers; a list of them has those of any that is known already."""
        known = (self._seats[server] for server in servers if server in self._seats)
        seats = next(known, None) or Seats(self._most)
        for server in servers:
            self._seats.setdefault(server, seats)
        return seats

    def _report(self, handle: Handle, monitor: Monitor, answer: Answer, state: ServiceState) -> HealthReport:
        pool, course, health = handle.stats(), self._courses[handle.name], handle.settings.health
        was_checked = not isinstance(answer.error, NotChecked)
        # By the monitor, whose driver has asked for the secrets: another profile's does not know them.
        failure = monitor.classify(answer.error) if answer.error is not None and was_checked else None
        facts = Facts(
            pool=pool,
            now=answer.checked_at,
            failure=failure,
            server=answer.server,
            is_stuck=course.read(pool, self._clock(), health.stuck_after, health.ttl),
            lost_writer=answer.server is not None and monitor.lost_writer,
            was_checked=was_checked,
            is_disabled=state == "disabled",
            secret_trouble=handle.driver.secret_trouble,
        )
        verdict = judge(facts)
        report = HealthReport(
            profile=handle.name,
            status=verdict.status,
            reason=verdict.reason,
            critical=health.critical,
            reachable=answer.server is not None,
            saturated=pool.saturated,
            latency_ms=None if answer.latency_ms is None else round(answer.latency_ms, 3),
            checked_at=answer.checked_at,
            since=course.since(verdict.status, verdict.reason, answer.checked_at),
            stuck=facts.is_stuck,
            server=answer.server,
            pool=pool,
            error=failure,
            hint=verdict.hint,
            reload_error=self.reload_error,
        )
        course.note(report)
        return report


async def _read_whole(handle: Handle, answer: Answer, server: ServerInfo, within: float) -> Answer:
    try:
        return replace(answer, server=replace(server, integrity=await check_integrity(handle, within)))
    except Exception as error:  # noqa: BLE001 - a report never raises for a database that is broken
        return replace(answer, server=None, error=error)

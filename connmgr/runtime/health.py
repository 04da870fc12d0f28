"""Health of one open registry's profiles: who is asked, what the answers come to, what is remembered."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Hashable
from contextvars import Context
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakValueDictionary

from connmgr.failure import Failure
from connmgr.profile import Profile
from connmgr.report import HealthHistory, HealthReport, ServiceState
from connmgr.runtime import reports
from connmgr.runtime.course import Course
from connmgr.runtime.handle import Handle
from connmgr.runtime.integrity import check_integrity
from connmgr.runtime.monitor import Answer, Monitor, NotChecked
from connmgr.runtime.seats import Seats
from connmgr.runtime.verdict import Facts
from connmgr.server import ServerInfo


@dataclass(slots=True, eq=False)
class Link:
    """The monitor that answers for a profile, found by `identity`; `parted` is done once another does."""

    identity: Hashable
    monitor: Monitor
    parted: asyncio.Future[None]


class Health:
    """Owns the monitors, one for each database that profiles name, and their connections."""

    name = "health"

    def __init__(self, most_per_server: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._most = most_per_server
        # As long as a monitor has them: reloads may lead to ever other servers.
        self._seats: WeakValueDictionary[Hashable, Seats] = WeakValueDictionary()
        self._links: dict[str, Link] = {}
        self._monitors: dict[Hashable, Monitor] = {}
        self._linked: dict[Monitor, set[str]] = {}
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
        spent: float = 0.0,
    ) -> HealthReport | None:
        """Return a report within `health.timeout`; never raises for a database that is down.

        What the server said may be `max_age` seconds old, `health.ttl` unless given; the pool's counters
        are of now. With `integrity` the database is read whole, for up to so many seconds more. `spent` are
        seconds that the asker has waited already. None says that meanwhile `forget` was called for the
        profile: what was found, if anything, is of the database of before.
        """
        link, settings = self._link(handle), handle.settings.health
        monitor = link.monitor
        age = settings.ttl if max_age is None else max_age
        answer = await monitor.ask(
            within=settings.timeout, max_age=age, left=max(0.0, settings.timeout - spent), parted=link.parted
        )
        if isinstance(answer.error, NotChecked) and monitor.latest is not None:
            answer = monitor.latest  # older than was asked for, and still what is known
        if integrity is not None and answer.server is not None and not link.parted.done():
            answer = await _read_whole(handle, answer, answer.server, integrity)
        return None if link.parted.done() else self._report(handle, monitor, answer, state)

    def paused(self, handle: Handle) -> HealthReport:
        """Report a profile that an operator paused: its database is left alone."""
        course = self._courses[handle.name]
        return course.note(reports.paused(handle, course, self.reload_error))

    def left(self, handle: Handle) -> HealthReport:
        """Report a profile that is not in service any more; nothing is remembered of it."""
        return reports.left(handle, self.reload_error)

    def misconfigured(self, profile: Profile, failure: Failure) -> HealthReport:
        """Report a profile whose settings cannot be had: nothing was asked."""
        course = self._courses[profile.name]
        return course.note(reports.misconfigured(profile, failure, course, self.reload_error))

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
        """Let a server bear so many connections for checks from now on; those beyond are closed."""
        if most == self._most:
            return
        self._most = most
        for seats in set(self._seats.values()):
            seats.set_most(most)
            self._own(seats.shed())

    def forget(
        self, name: str, *, is_rebuilt: bool = False, for_good: bool = False
    ) -> asyncio.Task[None] | None:
        """Check a profile anew from now on: by the driver and the settings that it will have then.

        Who waits for a check of it asks anew as well. Returns the task that closes the connection that was
        kept, if there is one that nobody else uses. When it `is_rebuilt`, what was known of its database and
        its pool does not hold any more, and with `for_good` nothing is remembered of it at all.
        """
        if for_good:
            self._courses.pop(name, None)
        elif is_rebuilt and name in self._courses:
            self._courses[name].begin_anew()
        link = self._links.get(name)
        if link is None:
            return None
        monitor = link.monitor
        if monitor.profile != name and len(self._linked[monitor]) > 1:
            self._part(name)
            return None  # others use it, and it is theirs
        for other in tuple(self._linked[monitor]):
            self._part(other)
        del self._linked[monitor]
        del self._monitors[link.identity]
        monitor.abandon()
        return self._own(monitor.close())

    def _part(self, name: str) -> None:
        link = self._links.pop(name)
        self._linked[link.monitor].discard(name)
        if not link.parted.done():
            link.parted.set_result(None)

    def _own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self._resting.add(task)
        task.add_done_callback(self._resting.discard)
        return task

    def housekeep(self) -> None:
        """Close connections that no check has used for a while."""
        for monitor in self._monitors.values():
            if monitor.is_unasked():
                self._own(monitor.rest())

    async def close(self) -> None:
        """End the checks in progress, and close every connection."""
        ends = [monitor.close() for monitor in self._monitors.values()]
        await asyncio.gather(*ends, *self._resting, return_exceptions=True)

    def _link(self, handle: Handle) -> Link:
        link = self._links.get(handle.name)
        if link is None:
            identity = handle.driver.identity
            monitor = self._monitors.get(identity)
            if monitor is None:
                monitor = Monitor(handle, self._seats_of(handle.driver.servers), self._clock)
                self._monitors[identity] = monitor
                self._linked[monitor] = set()
            self._linked[monitor].add(handle.name)
            parted = asyncio.get_running_loop().create_future()
            link = self._links[handle.name] = Link(identity, monitor, parted)
        return link

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
        return course.note(reports.checked(handle, answer, facts, course, self.reload_error))


async def _read_whole(handle: Handle, answer: Answer, server: ServerInfo, within: float) -> Answer:
    try:
        return replace(answer, server=replace(server, integrity=await check_integrity(handle, within)))
    except Exception as error:  # noqa: BLE001 - a report never raises for a database that is broken
        return replace(answer, server=None, error=error)

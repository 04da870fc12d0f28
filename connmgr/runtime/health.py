"""Health checks: one query on a connection of their own, under a deadline of their own."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import time
from collections.abc import Mapping
from typing import Any

from connmgr.engine.cleanup import finish
from connmgr.engine.deadlines import Deadlines
from connmgr.failure import Failure, FailureKind
from connmgr.profile import Profile
from connmgr.report import HealthReport, ServerInfo, Status
from connmgr.runtime.handle import Handle


class Monitor:
    """Checks one profile on a connection outside the pool, kept from check to check.

    Outside, because a check that waits for the application's pool would report load as an outage. One
    check at a time: whoever asks meanwhile gets the answer of the one that runs.
    """

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._connection: Any = None
        self._running: asyncio.Task[HealthReport] | None = None

    async def check(self) -> HealthReport:
        """Return a report within `health.timeout`; never raises for a database that is down."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._check(), name=f"connmgr health {self._handle.name}")
        return await asyncio.shield(self._running)

    async def close(self) -> None:
        """Wait for a check in progress, which is bounded, and close the connection. A cancellation is
        raised after that: a check left to itself would open a connection that nobody closes.
        """
        settings = self._handle.settings
        with contextlib.suppress(Exception):
            await finish(
                self._end(), Deadlines(settings.health.timeout + settings.timeouts.close), self._drop
            )

    async def _end(self) -> None:
        if self._running is not None:
            await asyncio.wait({self._running})
        if self._connection is not None:
            await self._connection.close()

    async def _check(self) -> HealthReport:
        started = time.monotonic()
        checked_at = dt.datetime.now(dt.UTC)
        deadline = started + self._handle.settings.health.timeout
        server, latency, failure = None, None, None
        try:
            server, latency = await self._answer(deadline)
        except Exception as error:  # noqa: BLE001 - a report never raises for a database that is down
            failure = self._handle.classify(error)
        return self._report(checked_at, server, latency, failure)

    async def _answer(self, deadline: float) -> tuple[ServerInfo, float]:
        """Ask on the kept connection; when that one turns out dead, once more on a new one.

        The kept one gets half of the time: a path that died silently (a firewall forgot it) would
        otherwise use up the deadline, and a healthy server would be reported as down.
        """
        if self._connection is not None and not self._handle.driver.is_closed(self._connection):
            now = time.monotonic()
            try:
                return await self._ask(now + (deadline - now) / 2)
            except Exception:  # noqa: BLE001 - the new connection below tells what is wrong
                self._drop()
        left = deadline - time.monotonic()
        limit = asyncio.timeout(left)
        try:
            async with limit:
                self._connection = await self._handle.driver.connect(within=left)
        except TimeoutError:
            if limit.expired():
                raise self._timed_out() from None
            raise  # the driver gave up by itself, within a shorter time
        return await self._ask(deadline)

    async def _ask(self, deadline: float) -> tuple[ServerInfo, float]:
        """Make the round trip. At the deadline the connection is closed hard, which ends the wait.

        Cancelling it instead would make asyncpg send a cancel request to the same silent server, and
        leave a task waiting for the answer to that.
        """
        started = time.monotonic()
        question = asyncio.ensure_future(self._handle.driver.probe(self._connection))
        await asyncio.wait({question}, timeout=max(0.0, deadline - started))
        if not question.done():
            self._drop()
            await asyncio.wait({question}, timeout=0.05)
            if not question.cancel() and not question.cancelled():
                question.exception()
            raise self._timed_out()
        return question.result(), (time.monotonic() - started) * 1000

    def _timed_out(self) -> TimeoutError:
        return TimeoutError(f"no answer within {self._handle.settings.health.timeout:g} s (health.timeout)")

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                self._handle.driver.terminate(connection)

    def _report(
        self,
        checked_at: dt.datetime,
        server: ServerInfo | None,
        latency: float | None,
        failure: Failure | None,
    ) -> HealthReport:
        settings, pool = self._handle.settings, self._handle.stats()
        status, reason, hint = Status.HEALTHY, "ok", ""
        if failure is not None:
            status, reason, hint = Status.UNHEALTHY, failure.kind.value, failure.hint
        elif pool.saturated:
            status, reason = Status.DEGRADED, "pool_saturated"
            hint = "every connection is in use: look for sessions held too long, or raise pool.size"
        return HealthReport(
            profile=settings.name,
            status=status,
            reason=reason,
            critical=settings.health.critical,
            reachable=failure is None,
            saturated=pool.saturated,
            latency_ms=None if latency is None else round(latency, 3),
            checked_at=checked_at,
            server=server,
            pool=pool,
            error=failure,
            hint=hint,
        )


def misconfigured(profile: Profile, failure: Failure) -> HealthReport:
    """Report a profile whose settings cannot be had: nothing was asked."""
    health = profile.values.get("health")
    critical = health.get("critical") if isinstance(health, Mapping) else None
    return HealthReport(
        profile=profile.name,
        status=Status.UNHEALTHY,
        reason=FailureKind.MISCONFIGURED.value,
        critical=critical is not False,
        reachable=False,
        saturated=False,
        latency_ms=None,
        checked_at=dt.datetime.now(dt.UTC),
        error=failure,
        hint=failure.hint,
    )

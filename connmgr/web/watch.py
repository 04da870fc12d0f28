"""The health of several profiles as HTTP tells it: one look at a time, which serves all who ask meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from connmgr.errors import ConfigError, ProfileRemoved, RegistryClosed
from connmgr.healthjson import overall
from connmgr.registry import Registry
from connmgr.report import HealthReport, Status
from connmgr.settings import HealthSettings
from connmgr.web.damping import Damper

PATIENCE: Final = 0.01
"""Seconds that a request waits for a look under way, when there is another answer for it."""

LONGEST: Final = 0.5
"""Seconds that it waits when the other answer is an old one."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found. `is_up` is what the damped status of the critical profiles comes to.

    It serves for so many seconds, and another takes at most so many.
    `bodies` are the answers already written, by their kind: the next who asks gets the same.
    """

    reports: Mapping[str, HealthReport]
    status: Status
    is_up: bool
    serves_for: float
    takes: float
    bodies: dict[tuple[str, bool], bytes] = field(default_factory=dict)


class Watch:
    """Looks at some profiles, at most once in the shortest `health.ttl` of theirs."""

    def __init__(
        self,
        registry: Registry,
        names: Sequence[str],
        dampers: Mapping[str, Damper],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry = registry
        self._names = names
        self._dampers = dampers
        self._clock = clock
        self._running: asyncio.Task[Look] | None = None
        self._last: Look | None = None
        self._looked_at = 0.0

    async def look(self) -> Look:
        """Return what there is to see; never raises for a database that is down.

        While a look takes long, because a server does not answer, whoever asks is told what the one before
        it found: soon, as long as that is no older than the two together may be, and else after half a
        second, for probes are given up after a second.

        Raises:
            RegistryClosed: the registry is not open.
        """
        if not self._registry.is_open:
            raise RegistryClosed("the registry is not open")
        last, age = self._last, self._clock() - self._looked_at
        if last is not None and age < last.serves_for:
            return last
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._look(), name="connmgr web health")
        if last is not None:
            is_recent = age < last.serves_for + last.takes
            await asyncio.wait({self._running}, timeout=PATIENCE if is_recent else LONGEST)
            if not self._running.done():
                return last
        # A client that goes away takes nobody else's answer with it.
        return await asyncio.shield(self._running)

    async def _look(self) -> Look:
        found = await asyncio.gather(*map(self._health, self._names))
        # Without those that a reload removed meanwhile.
        names = [name for name in self._names if name in self._registry]
        by_name = dict(zip(self._names, found, strict=True))
        reports = {name: report for name in names if (report := by_name[name]) is not None}
        ups = [self._dampers[name].feed(report) or not report.critical for name, report in reports.items()]
        self._looked_at = self._clock()
        members = [self._settings(name) for name in names] or [HealthSettings()]
        serves_for, takes = min(each.ttl for each in members), max(each.timeout for each in members)
        self._last = Look(reports, overall(reports.values()), all(ups), serves_for, takes)
        return self._last

    async def _health(self, name: str) -> HealthReport | None:
        try:
            return await self._registry.health(name)
        except ProfileRemoved:
            return None

    def _settings(self, name: str) -> HealthSettings:
        try:
            return self._registry.settings(name).health
        except ConfigError:
            return HealthSettings()

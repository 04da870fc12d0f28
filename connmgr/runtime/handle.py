"""One engine in service, with its leases: built at first use, retired once, never used after that."""

from __future__ import annotations

import asyncio
import time
import weakref
from dataclasses import dataclass

from connmgr import logs
from connmgr.engine.cleanup import finish
from connmgr.engine.drivers import build_driver
from connmgr.engine.factory import build_engine
from connmgr.engine.failures import classify
from connmgr.engine.pool import Meter
from connmgr.profile import PoolSettings, Settings
from connmgr.report import Failure, PoolStats

NOTE = "connmgr: profile "


@dataclass(frozen=True, slots=True)
class Holder:
    """Someone who held an engine when it was closed under them. `held_for` in seconds."""

    profile: str
    task: str
    held_for: float


def empty_stats(pool: PoolSettings) -> PoolStats:
    """Return the counters of a pool that was not used yet."""
    return PoolStats(pool.mode, pool.size if pool.mode == "pooled" else 0, pool.max)


class Lease:
    """The fact that someone holds the engine now. Released once; later releases do nothing."""

    __slots__ = ("__weakref__", "_handle", "since", "task")

    def __init__(self, handle: Handle) -> None:
        task = asyncio.current_task()
        self._handle = handle
        self.task = task.get_name() if task is not None else ""
        self.since = time.monotonic()

    def release(self) -> None:
        """Give the engine back."""
        self._handle.released(self)


class Handle:
    """Owns one profile's engine, driver and meter."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.driver = build_driver(settings)
        self.meter = Meter(settings, self.driver)
        self.engine = build_engine(self.meter)
        # Weak: a session that was forgotten, not closed, ends its lease when it is collected. Were it
        # strong, one forgotten session would make every close wait its whole grace period.
        self._leases: weakref.WeakSet[Lease] = weakref.WeakSet()
        self._returned = asyncio.Event()

    @property
    def name(self) -> str:
        """The profile's name."""
        return self.settings.name

    def lease(self) -> Lease:
        """Take a lease. No await may stand between finding the handle and this call, or the engine
        could retire in between.
        """
        lease = Lease(self)
        self._leases.add(lease)
        return lease

    def released(self, lease: Lease) -> None:
        """Forget a lease, and let `retire` look again."""
        self._leases.discard(lease)
        self._returned.set()

    def stats(self) -> PoolStats:
        """Return the pool's counters; no I/O."""
        return self.meter.stats()

    def classify(self, error: BaseException) -> Failure:
        """Classify an error, this profile's secrets masked."""
        return classify(error, self.driver.secrets)

    def annotate(self, error: BaseException) -> None:
        """Log an error of a caller's block once and note the profile and the counters on it.

        Cancellation and the like are not errors: they pass untouched.
        """
        if not isinstance(error, Exception):
            return
        seen = any(note.startswith(NOTE) for note in getattr(error, "__notes__", ()))
        stats = self.stats()
        error.add_note(f"{NOTE}{self.name!r}, pool: {stats}")
        if not seen:
            failure = self.classify(error)
            logs.event(
                "ERROR",
                f"rolled back: {failure.type}",
                profile=self.name,
                error=failure.type,
                kind=failure.kind.value,
                sqlstate=failure.sqlstate,
                pool=str(stats),
            )

    async def retire(self, grace: float) -> tuple[Holder, ...]:
        """Wait up to `grace` seconds for the leases, then close everything; return who was cut off.

        Holders go on checking connections out while they are waited for. Whoever still holds a lease at
        the end finds its connection closed and gets EngineRetired for a new one.
        """
        try:
            await self._leases_end(grace)
        finally:
            # Also when the wait is cancelled: whoever gives up on the grace wants it closed now.
            holders = tuple(self._holders())
            await self._close()
            self._report(holders)
        return holders

    def _report(self, holders: tuple[Holder, ...]) -> None:
        for holder in holders:
            logs.event(
                "WARNING",
                f"closed under task {holder.task!r}, which held it for {holder.held_for:.1f} s",
                profile=holder.profile,
                task=holder.task,
                held_for=holder.held_for,
            )

    async def _close(self) -> None:
        self.meter.retired = True
        for record in self.meter.out.copy():
            self.driver.terminate(record.driver_connection)
        try:
            await finish(self.engine.dispose(), self.settings.timeouts.close, self.meter.terminate_all)
        finally:
            self.meter.terminate_all()
            await self.driver.close()

    async def _leases_end(self, grace: float) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + grace
        while self._leases and (left := end - loop.time()) > 0:
            self._returned.clear()
            try:
                # Looks again every so often: a collected lease tells nobody.
                async with asyncio.timeout(min(left, 0.25)):
                    await self._returned.wait()
            except TimeoutError:
                continue

    def _holders(self) -> list[Holder]:
        now = time.monotonic()
        return [Holder(self.name, lease.task, now - lease.since) for lease in self._leases]

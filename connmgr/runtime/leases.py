"""Who holds an engine now, and waiting until nobody does."""

from __future__ import annotations

import asyncio
import time
import weakref

from connmgr.report import Holder


class Lease:
    """The fact that someone holds the engine. Ends when released, or with the object itself."""

    __slots__ = ("__weakref__", "_leases", "_ref", "since", "task")

    def __init__(self, leases: Leases) -> None:
        self._leases = leases
        self.task = asyncio.current_task()
        self.since = time.monotonic()
        self._ref = weakref.ref(self, leases.ended)

    def release(self) -> None:
        """Give the engine back; a second time does nothing."""
        self._leases.ended(self._ref)


class Leases:
    """The leases of one engine.

    Held weakly: a session that was forgotten, not closed, ends its lease when it is collected. Were they
    held strongly, one forgotten session would make every close wait its whole grace period.
    """

    __slots__ = ("_loop", "_none_left", "_refs")

    def __init__(self) -> None:
        # Not a set, which takes four times as much while it is empty, as in most of a thousand profiles.
        self._refs: dict[weakref.ref[Lease], None] = {}
        self._none_left: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def take(self) -> Lease:
        """Add a lease of the current task."""
        lease = Lease(self)
        self._refs[lease._ref] = None
        return lease

    def ended(self, ref: weakref.ref[Lease]) -> None:
        """Forget a lease. May be called from any thread: the garbage collector runs in all of them."""
        self._refs.pop(ref, None)
        if not self._refs:
            # It would keep the memory of its fullest.
            self._refs.clear()
        if self._none_left is not None and not self._refs and self._loop is not None:
            self._loop.call_soon_threadsafe(self._none_left.set)

    async def end(self, grace: float) -> None:
        """Wait until the last lease has ended, at most `grace` seconds."""
        if not self._refs:
            return
        self._none_left, self._loop = asyncio.Event(), asyncio.get_running_loop()
        try:
            async with asyncio.timeout(grace):
                while self._refs:
                    await self._none_left.wait()
                    self._none_left.clear()
        except TimeoutError:
            return
        finally:
            self._none_left = None

    def holders(self, profile: str) -> tuple[Holder, ...]:
        """Say who still holds the engine, under the profile's name."""
        now = time.monotonic()
        leases = [lease for ref in self._refs.copy() if (lease := ref()) is not None]
        return tuple(
            Holder(profile, lease.task.get_name() if lease.task else "", now - lease.since)
            for lease in leases
        )

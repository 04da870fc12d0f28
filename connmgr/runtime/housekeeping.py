"""One task that does, for every engine of a registry, what is due by the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextvars import Context
from typing import Protocol

from connmgr import logs

INTERVAL = 1.0
"""Seconds between two rounds. A limit such as `pool.idle_timeout` is kept to about that."""


class Kept(Protocol):
    """What is looked after: a profile's engine, or the checks of them all."""

    @property
    def name(self) -> str:
        """What a log calls it."""
        ...

    def housekeep(self) -> None:
        """Do what is due by the clock; no I/O."""
        ...


class Housekeeper:
    """Runs from `start` to `stop`. One task, not one for each pool: a thousand profiles cost one timer."""

    def __init__(self, kept: Callable[[], Iterable[Kept]], interval: float = INTERVAL) -> None:
        self._kept = kept
        self._interval = interval
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, in the running event loop."""
        loop = asyncio.get_running_loop()
        # In a context of its own: it outlives whatever opened the registry.
        self._task = loop.create_task(self._run(), name="connmgr housekeeping", context=Context())

    async def stop(self) -> None:
        """End it. A second time, or in another loop than it was started in, does nothing."""
        task, self._task = self._task, None
        if task is None or task.get_loop() is not asyncio.get_running_loop():
            return
        task.cancel()
        await asyncio.wait({task})

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            for each in list(self._kept()):
                _look_after(each)


def _look_after(kept: Kept) -> None:
    """Do the work of one; an error there must not keep the others from theirs."""
    try:
        kept.housekeep()
    except Exception as error:  # noqa: BLE001 - logged, and tried again in the next round
        logs.event(
            "ERROR",
            f"profile {kept.name!r}: housekeeping failed: {type(error).__name__}",
            profile=kept.name,
            error=type(error).__name__,
        )

"""Check profiles at once, in one round or again and again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from connmgr.cli.health_view import Reports, Show
from connmgr.report import HealthReport

if TYPE_CHECKING:
    from connmgr.registry import Registry


@asynccontextmanager
async def opened(registry: Registry) -> AsyncIterator[None]:
    """Open a registry without a look at what its profiles' `startup` asks for: a database that is down is
    what one wants to hear of, not a reason to say nothing.
    """
    registry.open()
    try:
        yield
    finally:
        await registry.close()


async def check_once(
    registry: Registry, names: Sequence[str], show: Show, integrity: float | None
) -> Reports:
    """Check the profiles in one round; `show` sees each report when it arrives."""
    async with opened(registry):
        return await _round(registry, names, {}, show, integrity)


async def check_until_interrupted(
    registry: Registry, names: Sequence[str], show: Show, interval: float
) -> Reports:
    """Check in rounds, `interval` seconds apart, until Ctrl-C; return the last complete round.

    An interruption before the first round is complete passes through.
    """
    reports: Reports = {}
    async with opened(registry):
        try:
            while True:
                reports = await _round(registry, names, reports, show)
                await asyncio.sleep(interval)
        except asyncio.CancelledError:
            if not reports:
                raise
    return reports


async def _round(
    registry: Registry, names: Sequence[str], before: Reports, show: Show, integrity: float | None = None
) -> Reports:
    """Check every profile; until its new report arrives, a profile shows the one from the round before."""
    arrived: dict[str, HealthReport] = {}

    async def check(name: str) -> None:
        arrived[name] = await registry.health(name, max_age=0, integrity=integrity)
        show({**before, **arrived}, complete=False)

    async with asyncio.TaskGroup() as checks:
        for name in names:
            checks.create_task(check(name), name=f"health {name}")
    reports = {name: arrived[name] for name in names}
    show(reports, complete=True)
    return reports

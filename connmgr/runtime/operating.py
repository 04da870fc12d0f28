"""What an operator does to a profile in service; no connection that somebody uses is cut."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from connmgr.report import Holder
from connmgr.runtime.engines import Engines
from connmgr.runtime.handle import Handle
from connmgr.runtime.waiting import wait_for


async def pause(engines: Engines, name: str) -> tuple[Holder, ...]:
    """Let new work wait, and return once every connection is closed; who has one when time is up.

    The time is `reload.drain_timeout`. The profile stays paused in any case, also when this is cancelled. One
    that is resumed meanwhile is waited for no longer.
    """
    engines.set_state(name, "paused")
    handles = engines.all_of(name)

    def is_done() -> bool:
        return engines.state(name) != "paused" or not any(handle.pool.held() for handle in handles)

    await _wait(is_done, handles)
    return tuple(holder for handle in handles for holder in handle.holders())


async def reconnect(engines: Engines, name: str) -> tuple[Holder, ...]:
    """Replace every connection, and return once that is done; who has an old one when time is up.

    The time is `reload.drain_timeout`; whoever is left keeps theirs, which is closed when it comes back.
    """
    handle = engines.get(name)
    if handle is None:
        return ()
    opened = handle.meter.open
    old = set(opened.values())
    handle.pool.replace_all("reconnect")
    await _wait(lambda: old.isdisjoint(opened.values()), [handle])
    tasks = {record.task.get_name() for record in old.intersection(opened.values()) if record.task}
    return tuple(holder for holder in handle.holders() if holder.task in tasks)


async def drain(engines: Engines, name: str) -> tuple[Holder, ...]:
    """Refuse new work, wait for what is out, then close the engine; return who was cut off.

    Waits for `reload.drain_timeout`. Cancelled, the draining goes on without anybody who hears how it ended.
    """
    engines.set_state(name, "disabled")
    task = engines.retire(name)
    return await asyncio.shield(task) if task is not None else ()


async def _wait(is_done: Callable[[], bool], handles: list[Handle]) -> None:
    await wait_for(is_done, max((handle.settings.reload.drain_timeout for handle in handles), default=0.0))

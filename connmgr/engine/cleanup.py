"""Cleanup that always ends: it survives cancellation, and a dead peer cannot hold it up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from connmgr.engine.deadlines import Deadlines
from connmgr.engine.sheltered import Sheltered

GRACE_AFTER_CUT = 1.0
"""Seconds that work may still take once its connections were closed under it."""


async def finish(
    work: Coroutine[Any, Any, None],
    within: Deadlines,
    cut: Callable[[], None],
    *,
    turns: tuple[int, int] = (0, 0),
) -> None:
    """Run `work` to its end, calling `cut` when it takes longer than `within`.

    SQLAlchemy's own close swallows cancellation and waits for the server's answer; from a server that is
    gone without a word none comes, and the caller could be neither cancelled nor timed out. Here `cut`
    closes the connection hard, which ends the wait. A cancellation meanwhile is raised once `work` ended,
    so that nothing is left half closed.

    The event loop has so many `turns` for other tasks, before it and after it.

    `work` runs in the caller's task: one of its own would cost more than most work does. What ends by
    cancelling the current task, `asyncio.timeout` or a task group, cannot do so here; it needs a task.

    Raises:
        Exception: what `work` raised, unless `cut` was called: its errors then only say so.
        TimeoutError: `work` went on although its connections were closed.
    """
    sheltered = Sheltered(work)
    late = sheltered.wake
    before, after = turns
    await sheltered.turns(before)
    try:
        if not sheltered.step():
            within.start(late, asyncio.get_running_loop())
            if not await sheltered:
                await _end(sheltered, cut)
    except Exception:
        if sheltered.cancellation is None:
            raise
    finally:
        within.stop(late)
    await sheltered.turns(after)
    if sheltered.cancellation is not None:
        raise sheltered.cancellation


async def _end(work: Sheltered, cut: Callable[[], None]) -> None:
    """Close the connections of work that is late, and see it end."""
    cut()
    timer = asyncio.get_running_loop().call_later(GRACE_AFTER_CUT, work.wake)
    try:
        if await work:
            return
    except (Exception, asyncio.CancelledError):  # noqa: BLE001 - it only says that the connection is closed
        return
    finally:
        timer.cancel()
    work.abandon()
    raise TimeoutError("cleanup went on although its connections were closed")

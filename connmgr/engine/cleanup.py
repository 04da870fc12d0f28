"""Cleanup that always ends: it survives cancellation, and a dead peer cannot hold it up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from connmgr.engine.deadlines import LATE, Deadlines

GRACE_AFTER_CUT = 1.0
"""Seconds that work may still take once its connections were closed under it."""


async def finish(work: Coroutine[Any, Any, None], within: Deadlines, cut: Callable[[], None]) -> None:
    """Run `work` to its end, calling `cut` when it takes longer than `within`.

    SQLAlchemy's own close swallows cancellation and waits for the server's answer; from a server that is
    gone without a word none comes, and the caller could be neither cancelled nor timed out. Here `cut`
    closes the connection hard, which ends the wait. A cancellation meanwhile is raised once `work` ended,
    so that nothing is left half closed.

    Raises:
        Exception: what `work` raised, unless `cut` was called: its errors then only say so.
        TimeoutError: `work` went on although its connections were closed.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + within.seconds
    task = loop.create_task(work)
    # The deadline ends the wait, not the work. Nearly every session takes only this way, and
    # `asyncio.wait` with a timeout costs three times as much.
    shield = asyncio.shield(task)
    within.start(shield, loop)
    caller, cancelled = asyncio.current_task(), None
    before = caller.cancelling() if caller else 0
    try:
        await shield
    except asyncio.CancelledError as error:
        # Both may come in one turn of the loop, and then only the deadline's is delivered.
        if error.args != (LATE,) or (caller and caller.cancelling() > before):
            cancelled = error
    else:
        return
    finally:
        within.stop(shield)
    await _hurry(task, end, cut, cancelled)


async def _hurry(
    task: asyncio.Task[None],
    end: float,
    cut: Callable[[], None],
    cancelled: asyncio.CancelledError | None,
) -> None:
    """Wait for work that is late, or whose caller was cancelled, and cut it when `end` comes."""
    cancelled = await _wait(task, end - asyncio.get_running_loop().time()) or cancelled
    was_cut = not task.done()
    if was_cut:
        cut()
        cancelled = await _wait(task, GRACE_AFTER_CUT) or cancelled
    went_on = not task.done()
    error = _outcome(task)
    if cancelled is not None:
        raise cancelled
    if went_on:
        raise TimeoutError("cleanup went on although its connections were closed")
    if error is not None and not was_cut:
        raise error


async def _wait(task: asyncio.Future[None], seconds: float) -> asyncio.CancelledError | None:
    """Wait for the task, at most so long; return a cancellation that came meanwhile instead of raising."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    cancelled = None
    while not task.done() and (left := end - loop.time()) > 0:
        try:
            await asyncio.wait({task}, timeout=left)
        except asyncio.CancelledError as error:
            cancelled = error
    return cancelled


def _outcome(task: asyncio.Task[None]) -> BaseException | None:
    """Return the task's error, which asyncio would report if nobody had looked; end it if it goes on."""
    if not task.done():
        task.cancel()
        return None
    return asyncio.CancelledError() if task.cancelled() else task.exception()

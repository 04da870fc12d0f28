"""Cleanup that always ends: it survives cancellation, and a dead peer cannot hold it up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

GRACE_AFTER_CUT = 1.0
"""Seconds that work may still take once its connections were closed under it."""


async def finish(work: Coroutine[Any, Any, None], deadline: float, cut: Callable[[], None]) -> None:
    """Run `work` to its end, calling `cut` when it takes longer than `deadline` seconds.

    SQLAlchemy's own close swallows cancellation and waits for the server's answer; from a server that is
    gone without a word none comes, and the caller could be neither cancelled nor timed out. Here `cut`
    closes the connection hard, which ends the wait. A cancellation meanwhile is raised once `work` ended,
    so that nothing is left half closed.

    Raises:
        Exception: what `work` raised, unless `cut` was called: its errors then only say so.
        TimeoutError: `work` went on although its connections were closed.
    """
    task = asyncio.ensure_future(work)
    cancelled = await _wait(task, deadline)
    was_cut = not task.done()
    if was_cut:
        cut()
        cancelled = await _wait(task, GRACE_AFTER_CUT) or cancelled
    if cancelled is not None:
        _consume(task)
        raise cancelled
    if not task.done():
        task.cancel()
        raise TimeoutError(f"cleanup did not end within {deadline + GRACE_AFTER_CUT:g} s")
    if not was_cut:
        task.result()
    _consume(task)


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


def _consume(task: asyncio.Future[None]) -> None:
    """Mark the task's error as seen: asyncio would report it again when the task is collected."""
    if task.done() and not task.cancelled():
        task.exception()
    else:
        task.cancel()

"""Wait for a fact with a deadline, or for nothing at all: the only place in the tests that polls."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable

POLL = 0.005


async def wait_until(
    fact: Callable[[], bool | Awaitable[bool]],
    timeout: float = 5.0,
    *,
    what: str = "the fact",
    poll: float = POLL,
) -> None:
    """Return as soon as `fact()` is true; it may be a coroutine function. `timeout` in seconds.

    `poll` of 0 looks in every turn of the loop, for a fact that soon passes.

    Raises:
        TimeoutError: `fact()` was still false at the deadline.
    """
    deadline = time.monotonic() + timeout
    while True:
        answer = fact()
        if await answer if inspect.isawaitable(answer) else answer:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout:g} s for {what}, in vain")
        await asyncio.sleep(poll)


async def forever() -> None:
    """Wait until cancelled."""
    await asyncio.get_running_loop().create_future()


def wait_until_sync(fact: Callable[[], bool], timeout: float = 5.0, *, what: str = "the fact") -> None:
    """`wait_until` for code without an event loop. It blocks the loop of code that has one.

    Raises:
        TimeoutError: `fact()` was still false at the deadline.
    """
    deadline = time.monotonic() + timeout
    while not fact():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout:g} s for {what}, in vain")
        time.sleep(POLL)

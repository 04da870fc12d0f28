"""Wait for what pools do not tell of: that the last connection came back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

LOOK: Final = 0.01
"""Seconds from one look to the next."""


async def wait_for(is_done: Callable[[], bool], seconds: float) -> bool:
    """Wait until `is_done`, for at most so many seconds; return whether it is.

    Looks again and again: to be told, each check-in would have to ask whether somebody waits, and an
    operator's few waits are not worth that.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not is_done():
        if loop.time() >= end:
            return False
        await asyncio.sleep(LOOK)
    return True

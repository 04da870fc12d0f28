"""Reads a database whole, where that tells whether it is damaged."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from connmgr.runtime.handle import Handle

UNFINISHED: Final = "unfinished"


async def check_integrity(handle: Handle, within: float) -> str | None:
    """Return `ok`, what is wrong, or `unfinished` after `within` seconds; None where it cannot be asked.

    On a connection of its own: it may take minutes, for which nobody else's check should wait.

    Raises:
        Exception: the database cannot be opened or read.
    """
    driver = handle.driver
    if not driver.checks_integrity:
        return None
    connection: Any = None
    try:
        async with asyncio.timeout(within):
            connection = await driver.connect(within=within)
            return await driver.integrity(connection)
    except TimeoutError:
        return UNFINISHED
    finally:
        if connection is not None:
            driver.terminate(connection)

"""Have something fail, and say what connmgr makes of it."""

from __future__ import annotations

from collections.abc import Awaitable

import pytest

from connmgr import Failure, failure_of


async def error_of(work: Awaitable[object]) -> Exception:
    """Return the error in which `work` ends; one that does not fail fails the test."""
    try:
        await work
    except Exception as error:  # noqa: BLE001 - which one it is, is what the test is about
        return error
    pytest.fail("nothing failed")


async def failure_in(work: Awaitable[object]) -> Failure:
    """Return how the error in which `work` ends is classified."""
    return failure_of(await error_of(work))

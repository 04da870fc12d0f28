"""Connects profiles as their registry opens: those that are wanted at once, each as its `startup` says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from connmgr import logs
from connmgr.errors import CircuitOpen, PoolTimeout, StartupFailed
from connmgr.runtime.handle import Handle


async def start_up(handles: Iterable[Handle]) -> None:
    """Connect all at once, each until it succeeds or its `timeouts.startup` is over.

    Raises:
        StartupFailed: profiles with `startup: fail` could not be reached; those with `warn` are logged.
    """
    handles = list(handles)
    results = await asyncio.gather(*(_reach(handle) for handle in handles))
    failures = {}
    for handle, error in zip(handles, results, strict=True):
        if error is None:
            continue
        if handle.settings.startup == "fail":
            failures[handle.name] = error
        else:
            _warn(handle, error)
    if failures:
        raise StartupFailed(failures)


async def _reach(handle: Handle) -> Exception | None:
    """Check a connection out and return it; return why that did not work in time."""
    limit = handle.settings.timeouts.startup
    loop = asyncio.get_running_loop()
    end = loop.time() + limit
    last: Exception | None = None
    try:
        async with asyncio.timeout_at(end):
            while True:
                try:
                    async with handle.engine.connect():
                        return None
                except Exception as error:  # noqa: BLE001 - told of below, or tried again
                    last = error
                    is_late = isinstance(error, PoolTimeout | CircuitOpen)
                    if not is_late and not handle.classify(error).retry_connect:
                        return error
                # The pool tries again by itself; what has none is asked about as often.
                await asyncio.sleep(handle.settings.retry.connect.max)
    except TimeoutError:
        return _late(handle, last or handle.pool.last_error)


def _late(handle: Handle, cause: BaseException | None) -> TimeoutError:
    message = f"no connection within {handle.settings.timeouts.startup:g} s (timeouts.startup)"
    if cause is not None:
        failure = handle.classify(cause)
        message += f"; the last failed ({failure.kind.value}): {failure.message}; {failure.hint}"
    late = TimeoutError(message)
    late.__cause__ = cause
    return late


def _warn(handle: Handle, error: Exception) -> None:
    failure = handle.classify(error.__cause__ or error)
    logs.event(
        "WARNING",
        f"profile {handle.name!r}: not reached at startup ({failure.kind.value}): {failure.message}; "
        "connected when it is back",
        profile=handle.name,
        kind=failure.kind.value,
        sqlstate=failure.sqlstate,
    )

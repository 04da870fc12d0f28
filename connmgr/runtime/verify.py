"""Have engines prove that they connect before they take the place of others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from connmgr.engine.protection import is_refused
from connmgr.errors import ReloadRefused
from connmgr.runtime.handle import Handle


async def verify(handles: Iterable[Handle]) -> None:
    """Connect each, all at once, within its `timeouts.connect`; the connection is kept for its first user.

    Protected profiles are left alone where tests run: nobody there can have them.

    Raises:
        ReloadRefused: with why, for each that did not connect; nothing is closed here.
    """
    wanted = [handle for handle in handles if not is_refused(handle.settings)]
    results = await asyncio.gather(*(_connect(handle) for handle in wanted))
    failed = [(handle, error) for handle, error in zip(wanted, results, strict=True) if error is not None]
    if failed:
        errors = {handle.name: error for handle, error in failed}
        raise ReloadRefused(errors, [_words(handle, error) for handle, error in failed])


async def _connect(handle: Handle) -> Exception | None:
    limit = handle.settings.timeouts.connect
    try:
        async with asyncio.timeout(limit), handle.engine.connect():
            return None
    except TimeoutError:
        late = TimeoutError(f"no connection within {limit:g} s (timeouts.connect)")
        late.__cause__ = handle.pool.last_error
        return late
    except Exception as error:  # noqa: BLE001 - told of by the caller
        return error


def _words(handle: Handle, error: Exception) -> str:
    """Say why, not in an error's own words: a server may say a secret back."""
    failure = handle.classify(error.__cause__ or error)
    return f"{handle.name}: {failure.type} ({failure.kind.value}): {failure.message}; {failure.hint}"

"""Connects profiles as their registry opens: those that are wanted at once, each as its `startup` says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from connmgr import logs
from connmgr.engine.failures import classify
from connmgr.errors import CircuitOpen, ConfigError, PoolTimeout, StartupFailed
from connmgr.failure import Failure
from connmgr.profile import Profile
from connmgr.runtime.handle import Handle


class Missed(NamedTuple):
    """A profile that was not reached: what its `startup` asks for then, why, and that in words."""

    startup: str
    error: Exception
    failure: Failure

    @property
    def words(self) -> str:
        """Why, in words; not an error's own, for a server may say a secret back."""
        if isinstance(self.error, TimeoutError):
            return str(self.error)  # ours, see `_late`
        return f"{self.failure.type}: {self.failure.message}; {self.failure.hint}"


def unsettled(profile: Profile, error: ConfigError) -> Missed:
    """Return what is missed with a profile whose settings cannot be had; what it asks for is as written."""
    is_optional = profile.values.get("startup") == "warn"
    return Missed("warn" if is_optional else "fail", error, classify(error))


async def start_up(handles: Sequence[Handle], missed: dict[str, Missed]) -> None:
    """Connect all at once, each until it succeeds or its `timeouts.startup` is over.

    `missed` are profiles that there is no handle for, by name.

    Raises:
        StartupFailed: profiles with `startup: fail` could not be reached; those with `warn` are logged.
    """
    handles = [handle for handle in handles if handle.settings.startup != "lazy"]
    results = await asyncio.gather(*(_reach(handle) for handle in handles))
    for handle, error in zip(handles, results, strict=True):
        if error is not None:
            failure = handle.classify(error.__cause__ or error)
            missed[handle.name] = Missed(handle.settings.startup, error, failure)
    for name, each in missed.items():
        if each.startup == "warn":
            _warn(name, each.failure)
    fatal = {name: each for name, each in missed.items() if each.startup == "fail"}
    if fatal:
        raise StartupFailed(
            {name: each.error for name, each in fatal.items()},
            [f"{name}: {each.words}" for name, each in fatal.items()],
        )


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


def _warn(name: str, failure: Failure) -> None:
    logs.event(
        "WARNING",
        f"profile {name!r}: not reached at startup ({failure.kind.value}): {failure.message}; "
        "connected when it is back",
        profile=name,
        kind=failure.kind.value,
        sqlstate=failure.sqlstate,
    )

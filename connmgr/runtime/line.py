"""The connection on which one database is asked how it is, kept from check to check."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final, TypeVar

from connmgr.runtime.handle import Handle
from connmgr.runtime.seats import Seats
from connmgr.server import ServerInfo

T = TypeVar("T")

LOAD_TTL: Final = 5.0
"""Seconds for which what a server says of its load serves for all its databases."""


class Line:
    """Asks by a profile's driver, outside of its pool; whoever has it asks one question at a time."""

    def __init__(self, handle: Handle, seats: Seats, clock: Callable[[], float]) -> None:
        self._handle = handle
        self._driver = handle.driver
        self._seats = seats
        self._clock = clock
        self._connection: Any = None
        self._is_last = False
        self.address: Hashable = None
        """Of the server that it led to last."""

    @property
    def is_open(self) -> bool:
        """Whether there is a connection."""
        return self._connection is not None

    def connect_no_more(self) -> None:
        """Have a connection that turns out dead be the last one."""
        self._is_last = True

    async def look(self, end: float, within: float) -> tuple[ServerInfo, float]:
        """Ask on the kept connection; when that one turns out dead, once more on a new one.

        The kept one gets half of the time: a path that died silently (a firewall forgot it) would
        otherwise use up the deadline, and a healthy server would be reported as down. `within` is what an
        error says of the time that there was.
        """
        loop = asyncio.get_running_loop()
        self._drop_after_its_secret()
        if self._connection is not None and not self._driver.is_closed(self._connection):
            now = loop.time()
            try:
                return await self._probe(now + (end - now) / 2, within)
            except Exception:  # noqa: BLE001 - the new connection below tells what is wrong
                self.drop()
        if self._is_last:
            raise ConnectionAbortedError("the check was given up")
        left = end - loop.time()
        limit = asyncio.timeout(left)
        try:
            async with limit:
                self._connection = await self._driver.connect(within=left)
        except TimeoutError:
            if limit.expired():
                raise late(within) from None
            raise  # the driver gave up by itself, within a shorter time
        self.address = self._driver.address(self._connection)
        return await self._probe(end, within)

    def _drop_after_its_secret(self) -> None:
        """Close the kept connection when the secret has ended that it was made with: a new one tells more."""
        lasts = None if self._connection is None else self._driver.lasts(self._connection)
        if lasts is not None and lasts <= 0:
            self.drop()

    async def _probe(self, end: float, within: float) -> tuple[ServerInfo, float]:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        server = await self._until(end, within, self._driver.probe(self._connection))
        return server, (loop.time() - begun) * 1000

    async def look_at_load(self, end: float) -> None:
        """Ask what the server bears, on behalf of all its databases, unless that is known; what it does not
        tell is no failure.
        """
        if self._clock() - self._seats.loads_at.get(self.address, float("-inf")) < LOAD_TTL:
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._seats.loads_at[self.address] = self._clock()
        with contextlib.suppress(Exception):
            load = self._driver.load(self._connection)
            half = (end - now) / 2
            self._seats.loads[self.address] = await self._until(now + half, half, load)

    async def _until(self, end: float, within: float, question: Awaitable[T]) -> T:
        """Wait for an answer. At the deadline the connection is closed hard, which ends the wait.

        Cancelling it instead would make asyncpg send a cancel request to the same silent server, and
        leave a task waiting for the answer to that.
        """
        connection = self._connection
        timer = asyncio.get_running_loop().call_at(end, self.drop)
        try:
            return await question
        except Exception:
            if self._connection is not connection:
                raise late(within) from None
            raise
        finally:
            timer.cancel()

    def drop(self) -> None:
        """Close the connection hard, if there is one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                self._driver.terminate(connection)

    async def hang_up(self) -> None:
        """Close the connection, if there is one, within `timeouts.close`."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                await self._handle.meter.close_politely(connection)


def late(within: float) -> TimeoutError:
    """Return the error for a server that did not answer in time."""
    return TimeoutError(f"no answer within {within:g} s (health.timeout)")

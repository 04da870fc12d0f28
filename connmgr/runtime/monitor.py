"""Asks one database how it is, on a connection of its own that is kept from check to check."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import math
from collections.abc import Awaitable, Callable, Hashable
from contextvars import Context
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from connmgr.engine.cleanup import finish
from connmgr.engine.deadlines import Deadlines
from connmgr.failure import Failure
from connmgr.runtime.handle import Handle
from connmgr.runtime.seats import Seats
from connmgr.server import ServerInfo

T = TypeVar("T")

LOAD_TTL: Final = 5.0
"""Seconds for which what a server says of its load serves for all its databases."""

LEEWAY: Final = 0.06
"""Seconds past the deadline in which a check says what it found; its askers would each find it late."""

MOMENT: Final = 0.1
"""Seconds in which a check that nobody asks about any more may end by itself, as most of them do."""

UNASKED: Final = 60.0
"""Seconds after the last question that a connection is still kept."""


class NotChecked(TimeoutError):
    """The database was not asked in time: no turn came on a server that answers, or it is another one now."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a check found at `at` by the monitor's clock: the server and its round trip, or the error."""

    at: float
    checked_at: dt.datetime
    server: ServerInfo | None = None
    latency_ms: float | None = None
    error: Exception | None = None


class Monitor:
    """Checks one database for all profiles that name it, on a connection outside of their pools.

    Outside, because a check that waits for the application's pool would report load as an outage. One
    check at a time: whoever asks meanwhile gets the answer of the one that runs, in a task that no asker
    can cancel.
    """

    def __init__(self, handle: Handle, seats: Seats, clock: Callable[[], float]) -> None:
        self._handle = handle
        self._driver = handle.driver
        self._seats = seats
        self._clock = clock
        self._connection: Any = None
        self._running: asyncio.Task[None] | None = None
        self._timeout = 0.0
        self._waits_since: float | None = None
        self._asked_at = clock()
        self._writers: set[Hashable] = set()
        self._address: Hashable = None
        self._is_closed = self._is_abandoned = False
        self._began = dt.datetime.now(dt.UTC)
        self.latest: Answer | None = None

    @property
    def profile(self) -> str:
        """The profile whose driver connects."""
        return self._handle.name

    @property
    def lost_writer(self) -> bool:
        """Whether the server took writes once and does not now."""
        server = self.latest.server if self.latest else None
        return self._address in self._writers and server is not None and server.read_only

    def classify(self, error: BaseException) -> Failure:
        """Classify what a check raised, the secrets that it used masked."""
        return self._handle.classify(error)

    async def ask(
        self, *, within: float, max_age: float, left: float, parted: asyncio.Future[None]
    ) -> Answer:
        """Return an answer not older than `max_age` seconds, or that of a check, which has `within` seconds.

        After at most `left` seconds, or as soon as `parted` is done, it is that there was none.
        """
        self._asked_at = self._clock()
        before = self.latest
        if before is not None and self._asked_at - before.at < max_age:
            return before
        self._timeout = max(self._timeout, within)
        loop = asyncio.get_running_loop()
        end = loop.time() + left + LEEWAY
        while True:
            is_joined = self._running is not None and not self._running.done()
            running = self._under_way()
            if running is None:
                return Answer(self._asked_at, self._began, error=self._late(within))
            patience = max(0.0, end - loop.time())
            await asyncio.wait({running, parted}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            if parted.done():
                return Answer(self._asked_at, self._began, error=NotChecked("it is asked elsewhere now"))
            if self.latest is not None and self.latest is not before:
                before = self.latest
                was_short = is_joined and isinstance(before.error, TimeoutError)
                if not was_short or loop.time() >= end - 2 * LEEWAY:
                    return before
                continue  # it had less time than this question has
            if not running.done() and left < within:
                error = NotChecked(f"{left:g} s were left of {within:g} s (health.timeout)")
                return Answer(self._asked_at, self._began, error=error)
            if not running.done() or running.cancelled() or loop.time() >= end:
                return Answer(self._asked_at, self._began, error=self._late(within))
            # It had its answer before this question, and was only closing its connection.
            if isinstance(failed := running.exception(), Exception):
                return Answer(self._asked_at, self._began, error=failed)

    def _under_way(self) -> asyncio.Task[None] | None:
        if self._is_closed:
            return None  # nobody would close what a check opens now
        if self._running is None or self._running.done():
            loop = asyncio.get_running_loop()
            self._began = dt.datetime.now(dt.UTC)
            self._running = loop.create_task(
                self._check(loop.time()), name=f"connmgr health {self._handle.name}", context=Context()
            )
        return self._running

    def _late(self, within: float) -> TimeoutError:
        if self._waits_since is not None and self._seats.answered_at >= self._waits_since:
            return NotChecked(f"no turn within {within:g} s (health.timeout)")
        return TimeoutError(f"no answer within {within:g} s (health.timeout)")

    async def _check(self, begun: float) -> None:
        """Look, within the time that begins with the question, or with the turn where one is waited for."""
        self._waits_since = self._clock()
        if await self._seats.take(self):
            begun = asyncio.get_running_loop().time()
        self._waits_since = None
        try:
            self.latest = await self._answer(begun + self._timeout)
        except BaseException:
            self._drop()
            raise
        finally:
            if self._connection is None or not self._seats.keep(self):
                try:
                    await self.hang_up()
                finally:
                    self._seats.leave()

    async def _answer(self, end: float) -> Answer:
        checked_at = self._began
        try:
            server, latency = await self._look(end)
            if self._clock() - self._seats.loads_at.get(self._address, -math.inf) >= LOAD_TTL:
                await self._look_at_load(end)
        except Exception as error:  # noqa: BLE001 - a report never raises for a database that is down
            return Answer(self._clock(), checked_at, error=error)
        now = self._clock()
        self._seats.answered_at = now
        if not server.read_only:
            self._writers.add(self._address)
        if (load := self._seats.loads.get(self._address)) is not None:
            server = replace(server, load=load)
        return Answer(now, checked_at, server, latency)

    async def _look(self, end: float) -> tuple[ServerInfo, float]:
        """Ask on the kept connection; when that one turns out dead, once more on a new one.

        The kept one gets half of the time: a path that died silently (a firewall forgot it) would
        otherwise use up the deadline, and a healthy server would be reported as down.
        """
        loop = asyncio.get_running_loop()
        self._drop_after_its_secret()
        if self._connection is not None and not self._driver.is_closed(self._connection):
            now = loop.time()
            try:
                return await self._probe(now + (end - now) / 2)
            except Exception:  # noqa: BLE001 - the new connection below tells what is wrong
                self._drop()
        if self._is_abandoned:
            raise NotChecked("nobody asks this one any more")
        left = end - loop.time()
        limit = asyncio.timeout(left)
        try:
            async with limit:
                self._connection = await self._driver.connect(within=left)
        except TimeoutError:
            if limit.expired():
                raise self._late(self._timeout) from None
            raise  # the driver gave up by itself, within a shorter time
        self._address = self._driver.address(self._connection)
        return await self._probe(end)

    def _drop_after_its_secret(self) -> None:
        """Close the kept connection when the secret has ended that it was made with: a new one tells more."""
        lasts = None if self._connection is None else self._driver.lasts(self._connection)
        if lasts is not None and lasts <= 0:
            self._drop()

    async def _probe(self, end: float) -> tuple[ServerInfo, float]:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        server = await self._until(end, self._driver.probe(self._connection))
        return server, (loop.time() - begun) * 1000

    async def _look_at_load(self, end: float) -> None:
        """Ask on behalf of every database of the server; what it does not tell is no failure."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._seats.loads_at[self._address] = self._clock()
        with contextlib.suppress(Exception):
            load = self._driver.load(self._connection)
            self._seats.loads[self._address] = await self._until(now + (end - now) / 2, load)

    async def _until(self, end: float, question: Awaitable[T]) -> T:
        """Wait for an answer. At the deadline the connection is closed hard, which ends the wait.

        Cancelling it instead would make asyncpg send a cancel request to the same silent server, and
        leave a task waiting for the answer to that.
        """
        connection = self._connection
        timer = asyncio.get_running_loop().call_at(end, self._drop)
        try:
            return await question
        except Exception:
            if self._connection is not connection:
                raise self._late(self._timeout) from None
            raise
        finally:
            timer.cancel()

    def _drop(self) -> None:
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

    def is_unasked(self) -> bool:
        """Whether nobody has wanted to know for a while; its connection may go."""
        return self._connection is not None and self._clock() - self._asked_at > UNASKED

    async def rest(self) -> None:
        """Close the connection that is kept for a next check, unless one runs."""
        await self._seats.give_up(self)

    def abandon(self) -> None:
        """Begin no check any more, for another monitor takes its place; `close` has to follow."""
        self._is_closed = self._is_abandoned = True

    async def close(self) -> None:
        """End a check in progress, which is bounded, and close the connection. A cancellation is raised
        after that: a check left to itself would open a connection that nobody closes.
        """
        self._is_closed = True
        limit = Deadlines(self._timeout + self._handle.settings.timeouts.close)
        with contextlib.suppress(Exception):
            await finish(self._end(), limit, self._drop)

    async def _end(self) -> None:
        running = self._running
        if running is not None and not running.done():
            if self._waits_since is not None:
                running.cancel()
            if self._is_abandoned:
                await asyncio.wait({running}, timeout=MOMENT)
                self._cut_short(running)
            await asyncio.wait({running})
        await self.rest()

    def _cut_short(self, running: asyncio.Task[None]) -> None:
        """End a check that nobody wants to know of, and whose seat the monitor in its place may need."""
        if self._connection is not None:
            self._drop()
        else:
            running.cancel()  # no question is under way that the driver would have to take back

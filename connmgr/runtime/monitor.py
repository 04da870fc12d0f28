"""Checks one database for all who ask, one check at a time."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Callable, Hashable
from contextvars import Context
from dataclasses import dataclass, replace
from typing import Final

from connmgr.engine.cleanup import finish
from connmgr.engine.deadlines import Deadlines
from connmgr.failure import Failure
from connmgr.runtime.handle import Handle
from connmgr.runtime.line import Line, late
from connmgr.runtime.seats import Seats
from connmgr.server import ServerInfo

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
        self._seats = seats
        self._clock = clock
        self._line = Line(handle, seats, clock)
        self._running: asyncio.Task[None] | None = None
        self._timeout = 0.0
        self._waits_since: float | None = None
        self._asked_at = clock()
        self._writers: set[Hashable] = set()
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
        return self._line.address in self._writers and server is not None and server.read_only

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
        return late(within)

    async def _check(self, begun: float) -> None:
        """Look, within the time that begins with the question, or with the turn where one is waited for."""
        self._waits_since = self._clock()
        if await self._seats.take(self):
            begun = asyncio.get_running_loop().time()
        self._waits_since = None
        try:
            self.latest = await self._answer(begun + self._timeout)
        except BaseException:
            self._line.drop()
            raise
        finally:
            if not self._line.is_open or not self._seats.keep(self):
                try:
                    await self.hang_up()
                finally:
                    self._seats.leave()

    async def _answer(self, end: float) -> Answer:
        checked_at = self._began
        try:
            server, latency = await self._line.look(end, self._timeout)
            await self._line.look_at_load(end)
        except Exception as error:  # noqa: BLE001 - a report never raises for a database that is down
            return Answer(self._clock(), checked_at, error=error)
        now = self._clock()
        self._seats.answered_at = now
        if not server.read_only:
            self._writers.add(self._line.address)
        if (load := self._seats.loads.get(self._line.address)) is not None:
            server = replace(server, load=load)
        return Answer(now, checked_at, server, latency)

    async def hang_up(self) -> None:
        """Close the connection, if there is one, within `timeouts.close`."""
        await self._line.hang_up()

    def is_unasked(self) -> bool:
        """Whether nobody has wanted to know for a while; its connection may go."""
        return self._line.is_open and self._clock() - self._asked_at > UNASKED

    async def rest(self) -> None:
        """Close the connection that is kept for a next check, unless one runs."""
        await self._seats.give_up(self)

    def abandon(self) -> None:
        """Begin no check any more, for another monitor takes its place; `close` has to follow."""
        self._is_closed = self._is_abandoned = True
        self._line.connect_no_more()

    async def close(self) -> None:
        """End a check in progress, which is bounded, and close the connection. A cancellation is raised
        after that: a check left to itself would open a connection that nobody closes.
        """
        self._is_closed = True
        limit = Deadlines(self._timeout + self._handle.settings.timeouts.close)
        with contextlib.suppress(Exception):
            await finish(self._end(), limit, self._line.drop)

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
        if self._line.is_open:
            self._line.drop()
        else:
            running.cancel()  # no question is under way that the driver would have to take back

"""The connections for health checks that one server has to bear at once, and whose turn it is."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Hashable
from typing import Protocol

from connmgr.server import ServerLoad


class Sitter(Protocol):
    """Whoever keeps a connection between its checks."""

    async def hang_up(self) -> None:
        """Close the connection, in bounded time."""
        ...


class Seats:
    """The seats of one server: who has one may have a connection.

    Kept between checks while nobody else asks for it; else the connection that was unused for longest is
    closed, and its seat goes to whoever waits, in order. So no more than `most` are ever open, and
    with more databases than seats each still has its turn.
    """

    def __init__(self, most: int) -> None:
        self._most = self._free = most
        self._kept: dict[Sitter, None] = {}
        self._waiting: deque[asyncio.Future[None]] = deque()
        self.answered_at = float("-inf")
        self.loads: dict[Hashable, ServerLoad | None] = {}
        """What the servers said last of their load, by address."""
        self.loads_at: dict[Hashable, float] = {}

    def set_most(self, most: int) -> None:
        """Have so many seats from now on; what is taken beyond them is not given on when it is left.

        What is kept beyond them stays so until `shed`.
        """
        self._free += most - self._most
        self._most = most
        while self._free > 0 and self._waiting:
            self._free -= 1
            self._give_to_next()

    async def shed(self) -> None:
        """Close kept connections as long as there are too many, those that were unused for longest first."""
        # Whoever came while there were too many waits, also where a connection is kept that could make room.
        while self._kept and (surplus := len(self._waiting) - self._free) > 0:
            await asyncio.gather(*(self.give_up(sitter) for sitter in [*self._kept][:surplus]))

    async def take(self, sitter: Sitter) -> bool:
        """Return once `sitter` has a seat: its own that it kept, a free one, or the next. Says whether
        that had to be waited for.
        """
        if sitter in self._kept:
            del self._kept[sitter]
        elif self._free > 0:
            self._free -= 1
        else:
            # With fewer seats than are taken, a connection that is closed makes no room for another.
            await (self._evict() if self._kept and self._free == 0 else self._wait())
            return True
        return False

    async def _evict(self) -> None:
        oldest = next(iter(self._kept))
        del self._kept[oldest]
        try:
            # To its end: the server would see one more than it should.
            await oldest.hang_up()
        except BaseException:
            self.leave()
            raise

    async def _wait(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()
            else:
                with contextlib.suppress(ValueError):  # passed over, for it was cancelled already
                    self._waiting.remove(turn)
            raise

    def keep(self, sitter: Sitter) -> bool:
        """Keep the seat until the next check, if nobody waits for one; says whether."""
        if self._waiting or self._free < 0:
            return False
        self._kept[sitter] = None
        return True

    def leave(self) -> None:
        """Give a seat up that was taken, and is not kept."""
        if self._free < 0:
            self._free += 1  # there are more than there may be by now
        else:
            self._give_to_next()

    def _give_to_next(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    async def give_up(self, sitter: Sitter) -> None:
        """Close the connection that `sitter` keeps, if it keeps one, and free its seat after that."""
        if sitter in self._kept:
            del self._kept[sitter]
            try:
                await sitter.hang_up()
            finally:
                self.leave()

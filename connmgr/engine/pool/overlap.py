"""The connections that the engines of one profile hold together while one takes another's place."""

from __future__ import annotations

import asyncio
from typing import Protocol


class Sharing(Protocol):
    """A pool among those of its profile."""

    @property
    def limit(self) -> int:
        """How many connections it may have."""
        ...

    def held(self) -> int:
        """Count the connections that its server may see."""
        ...

    def refill(self) -> None:
        """Start the connects that are needed now."""
        ...


class Overlap:
    """Bounds what an engine in service and those that leave it hold together.

    Without it, each reload during a long transaction would add another pool's worth to what the server
    bears. The bound is `times` the limit of the largest of them: a profile that was made small must not
    wait until its former, larger self is gone.
    """

    def __init__(self, times: float) -> None:
        self.times = times
        self._pools: list[Sharing] = []
        self._is_told = False

    def __len__(self) -> int:
        return len(self._pools)

    def join(self, pool: Sharing) -> None:
        """Count a pool among them."""
        self._pools.append(pool)

    def leave(self, pool: Sharing) -> None:
        """Count a pool no longer; all of its connections are closed."""
        self._pools.remove(pool)
        self.freed()

    def room(self) -> int:
        """Return how many more connections there may be."""
        most = int(self.times * max((pool.limit for pool in self._pools), default=0))
        return most - sum(pool.held() for pool in self._pools)

    def freed(self) -> None:
        """Let those who wait know, in the next turn, that a connection is gone; the oldest pool first.

        Outside of the event loop, where the garbage collector closed something, the pools find out when
        they are next looked after.
        """
        loop = asyncio._get_running_loop()
        if loop is not None and not self._is_told:
            self._is_told = True
            loop.call_soon(self._tell)

    def _tell(self) -> None:
        self._is_told = False
        for pool in tuple(self._pools):
            pool.refill()

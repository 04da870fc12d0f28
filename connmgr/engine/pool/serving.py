"""How a pool serves: with other limits, with all connections replaced, not for now, no more."""

from __future__ import annotations

import time

from sqlalchemy.util import await_only
from sqlalchemy.util.concurrency import in_greenlet

from connmgr.engine.pool.breaker import breaker_changed, build_breaker
from connmgr.engine.pool.meter import Meter
from connmgr.engine.pool.opening import expiry
from connmgr.engine.pool.stock import Stock

_RENEWAL = 1.0


class ServingPool(Stock):
    """Changes in place; no connection that somebody uses is touched before it comes back."""

    __slots__ = ()

    # With other settings -----------------------------------------------------------------------------

    def adopt(self) -> None:
        """Go on with the meter's settings, which are others now."""
        settings = self.meter.settings
        self._liveness.adopt()
        if breaker_changed(self._breaker, self.meter):
            self._breaker = build_breaker(self.meter, self._waiters.fail_all, self._connector.probe)
        now = self.meter.clock()
        ahead = time.time() - now
        for record in self.meter.open.values():
            record.expires_at = expiry(self.meter, record.link, min(now, record.starttime - ahead))
        self.resize(settings.pool.size, settings.pool.max_overflow)

    def resize(self, size: int, max_overflow: int) -> None:
        """Change the limits in place. What is idle beyond them is closed, what is in use when it is back."""
        self._ceiling = self._max + self._excess()
        self._size, self._max = size, size + max_overflow
        while self.idle and len(self.meter.open) > size:
            self.drop_idle(self.idle[0], "shrunk")
        self.refill()

    # With other connections --------------------------------------------------------------------------

    def renew(self, cause: str) -> None:
        """Replace all connections as `replace_all` does; at most once a second.

        Where the server does not come to take writes, each refused one would else replace a whole pool.
        """
        now = self.meter.clock()
        if now - self._renewed_at >= _RENEWAL:
            self._renewed_at = now
            self.replace_all(cause)

    def replace_all(self, cause: str) -> None:
        """Close what is idle now, what is in use when it comes back, and what is connecting when it has."""
        self._generation += 1
        self._why_renewed = cause
        while self.idle:
            self._discard(self.idle.pop(), cause)
        self.refill()

    # Not for now -------------------------------------------------------------------------------------

    def pause(self) -> None:
        """Let callers wait, in order and no longer than `pool.timeout`; what comes back is closed."""
        self._is_paused = True
        if self._breaker is not None:
            # It would go on trying a server that is about to be stopped.
            self._breaker.stop()
        while self.idle:
            self._discard(self.idle.pop(), "paused")

    def resume(self) -> None:
        """Serve those who wait, and whoever comes."""
        self._is_paused = False
        self.refill()

    # No more -----------------------------------------------------------------------------------------

    def leave(self) -> None:
        """Keep nothing: what is idle is closed, and what comes back unless somebody waits for it."""
        self.resize(0, self._max)

    def dispose(self) -> None:
        """Close what is idle, and what is in use when it comes back. Callers who wait go on waiting."""
        self._generation += 1
        self._why_renewed = "disposed"
        self._was_disposed = True
        if in_greenlet():
            await_only(self._empty())
        else:
            while self.idle:
                self._discard(self.idle.pop(), "disposed", dead=True)

    async def _empty(self) -> None:
        while self.idle:
            self._discard(self.idle.pop(), "retired" if self.meter.retired else "disposed")
        await self._connector.stop()
        await self._settle()
        self.refill()

    def recreate(self) -> Stock:
        """Return the pool that takes over after `Engine.dispose`: this one, with its counters and waiters.

        After `dispose(close=False)`, which is for a child process, it is a new one: the connections belong
        to the parent.
        """
        if self._was_disposed:
            self._was_disposed = False
            return self
        return type(self)(
            self._creator,
            Meter(self.meter.settings, self.meter.driver, self.meter.clock, self.meter.observer),
            echo=self.echo,
            logging_name=self._orig_logging_name,
            _dispatch=self.dispatch,
            dialect=self._dialect,
        )

    def retire(self) -> None:
        """Serve nobody any more: whoever waits gets EngineRetired, and what comes back is closed."""
        self.meter.retired = True
        if self._breaker is not None:
            self._breaker.stop()
        self._waiters.fail_all(self.meter.retirement())

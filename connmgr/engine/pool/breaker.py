"""Answers at once, in place of a server that cannot be had, and has one connect find out for all."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from connmgr import logs
from connmgr.engine.failures import classify
from connmgr.engine.pool.meter import Meter
from connmgr.errors import CircuitOpen
from connmgr.failure import FailureKind
from connmgr.poolstats import BreakerState


class Breaker:
    """The circuit breaker of one profile: closed, open, or half open while its one connect is under way.

    It counts what fails on the way to the server, connects and checkouts that got none; what a statement
    does is the application's. The probe is a connect of the pool's own and not a caller's: nobody waits for
    a server that is most likely still gone, and it is one, however many callers there are.
    """

    __slots__ = (
        "_cause", "_failures", "_is_probing", "_meter", "_next_at", "_on_open", "_probe", "_timer", "_why",
        "settings",
    )  # fmt: skip

    def __init__(
        self, meter: Meter, on_open: Callable[[CircuitOpen], None], probe: Callable[[], None]
    ) -> None:
        self._meter = meter
        self.settings = meter.settings.breaker
        self._on_open = on_open
        self._probe = probe
        self._failures: deque[float] = deque(maxlen=self.settings.failures)
        self._cause: BaseException | None = None
        self._why = ""
        self._next_at = 0.0
        self._is_probing = False
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_open(self) -> bool:
        """Whether callers are refused now."""
        return self._cause is not None

    @property
    def state(self) -> BreakerState:
        """Half open while the connect that finds out is under way."""
        if self._cause is None:
            return "closed"
        return "half_open" if self._is_probing else "open"

    def check(self) -> None:
        """Refuse a caller while the breaker is open.

        Raises:
            CircuitOpen: with what failed last as its cause.
        """
        if self._cause is not None:
            self._meter.rejected += 1
            raise self._refusal()

    def failed(self, error: BaseException) -> None:
        """Count a failure; one too many within the window opens the breaker, and that of a probe again.

        A server that has no room for one more still serves those who are in.
        """
        if self._meter.open and classify(error).kind is FailureKind.TOO_MANY_CONNECTIONS:
            if self._is_probing:
                self._wait(self._meter.clock())
            return
        now = self._meter.clock()
        self._failures.append(now)
        if self._cause is not None:
            self._blame(error)
            if self._is_probing:
                self._wait(now)
        elif len(self._failures) == self._failures.maxlen and now - self._failures[0] <= self.settings.window:
            self._blame(error)
            self._wait(now)
            self._log("WARNING", "breaker opened", error)
            self._on_open(self._refusal())

    def succeeded(self) -> None:
        """Note that a connect went through: whoever comes is served again."""
        self._failures.clear()
        if self._cause is not None:
            self._log("INFO", "breaker closed", self._cause)
            self.stop()

    def stop(self) -> None:
        """Close it, and probe no more."""
        self._cause = None
        self._is_probing = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self, now: float) -> None:
        self._is_probing = False
        self._next_at = now + self.settings.cooldown
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(self.settings.cooldown, self._half_open)

    def _half_open(self) -> None:
        self._is_probing = True
        # A probe that is given up, as by `Engine.dispose`, tells nothing; then another follows.
        self._arm()
        self._probe()

    def _refusal(self) -> CircuitOpen:
        left = 0.0 if self._is_probing else max(0.0, self._next_at - self._meter.clock())
        when = f"tried again in {left:.1f} s" if left else "a connect that finds out is under way"
        name = self._meter.settings.name
        error = CircuitOpen(
            f"profile {name!r}: refused at once, its breaker is open; {when}; {self._why}", left
        )
        error.__cause__ = self._cause
        return error

    def _blame(self, error: BaseException) -> None:
        """Take note of why it is open; the words are made once, not for each caller that is refused."""
        failure = classify(error, self._meter.driver.secrets)
        self._cause = error
        self._why = f"the last failure ({failure.kind.value}): {failure.message}; {failure.hint}"

    def _log(self, level: str, what: str, error: BaseException) -> None:
        name, failure = self._meter.settings.name, classify(error, self._meter.driver.secrets)
        logs.event(
            level,
            f"profile {name!r}: {what} ({failure.kind.value})",
            profile=name,
            kind=failure.kind.value,
            sqlstate=failure.sqlstate,
        )


def state_of(breaker: Breaker | None) -> BreakerState | None:
    """Return the state of a profile's breaker; None for one that has none."""
    return None if breaker is None else breaker.state


def breaker_changed(breaker: Breaker | None, meter: Meter) -> bool:
    """Whether the profile sets another breaker than it has; that one is stopped then."""
    settings = meter.settings.breaker
    if settings.failures is None if breaker is None else breaker.settings == settings:
        return False
    if breaker is not None:
        breaker.stop()
    return True


def build_breaker(
    meter: Meter, on_open: Callable[[CircuitOpen], None], probe: Callable[[], None]
) -> Breaker | None:
    """Return the breaker of a profile; None for one that sets none."""
    return None if meter.settings.breaker.failures is None else Breaker(meter, on_open, probe)

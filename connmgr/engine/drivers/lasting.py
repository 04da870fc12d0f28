"""A secret whose source says how long an answer serves."""

from __future__ import annotations

import asyncio
from typing import Final

from connmgr import logs
from connmgr.engine.drivers.asked import Asked
from connmgr.engine.failures import classify
from connmgr.secret import Secret, SecretSource

_AHEAD: Final = 0.2
"""The last part of a secret's life, in which the next one is fetched beside whoever needs it."""

_REST: Final = 1.0
"""Seconds for which a source that failed is left alone, while the last good secret serves."""


class Lasting(Asked):
    """The secret of a source with a `ttl`: asked for once in that time, and ahead of its end.

    While the source fails, the last good secret serves until its end.
    """

    __slots__ = ("_ends_at", "_profile", "_trouble", "_ttl")

    def __init__(self, source: SecretSource, ttl: float, profile: str) -> None:
        super().__init__(source)
        self._ttl = ttl
        self._profile = profile
        self._ends_at = 0.0
        self._trouble: str | None = None

    @property
    def ends_at(self) -> float | None:
        return self._ends_at

    @property
    def trouble(self) -> str | None:
        return self._trouble

    async def ask(self) -> Secret:
        now = asyncio.get_running_loop().time()
        if self.now is None or now >= self._ends_at:
            return await self._answer()
        if now >= self._ends_at - _AHEAD * self._ttl and not self._rests():
            self._question()
        return self.now

    def _took(self, secret: Secret, begun: float) -> Secret:
        # From the question on: the source counts from when it made the answer.
        self._ends_at = begun + self._ttl
        if self._trouble is not None:
            self._trouble = None
            self._log("INFO", "gives a secret again")
        return super()._took(secret, begun)

    def _failed(self, error: Exception, begun: float) -> float:
        if self.now is None or begun >= self._ends_at:
            return 0.0  # the connect that asked raises it
        is_news = self._trouble is None
        self._trouble = classify(error, self.known).message
        if is_news:
            left = self._ends_at - asyncio.get_running_loop().time()
            self._log("WARNING", f"gives no secret, the last one serves {left:.0f} s more: {self._trouble}")
        return _REST

    def _log(self, level: str, what: str) -> None:
        source = self.describe()
        logs.event(level, f"profile {self._profile!r}: {source} {what}", profile=self._profile, source=source)


def asked(source: SecretSource, profile: str) -> Asked:
    """Return what asks `source` as often as it wants to be asked."""
    return Asked(source) if source.ttl is None else Lasting(source, source.ttl, profile)

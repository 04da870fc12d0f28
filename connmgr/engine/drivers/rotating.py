"""Logins with a secret that rotates: which one is offered, and when, so that a wrong one locks no account."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from connmgr import logs
from connmgr.engine.drivers.asked import Asked
from connmgr.engine.drivers.refused import Refusals, Refused
from connmgr.engine.marks import mark_as_of
from connmgr.errors import ConfigError
from connmgr.secret import Secret

T = TypeVar("T")

REFUSALS: Final = ("28P01", "28000")
"""SQLSTATEs by which a server refuses a login. Others are no matter of the secret."""

_ASKS: Final = 0.1
"""Seconds from one question to the next, for a connect that waits for a changed secret."""

_TO_LOG_IN: Final = 0.2
"""The last part of a connect's time, in which it no longer waits: a login takes time as well."""

_FIRST_PATIENCE: Final = 0.25
_PATIENCE: Final = 1.0
"""Seconds for which a login waits to hear how another one fares with the same secret: before the first that
succeeds, and after. One that hangs, for a packet that was lost, must not hold up all others.
"""


class Rotating:
    """The logins of one profile that are under way, and what is known of the secrets that were refused.

    Servers lock the account after a few failed logins. So a secret that no server took yet is tried by one
    login at a time, and one that was refused is left alone for a while, unless it changes.
    """

    __slots__ = ("_asked", "_logins", "_previous", "_profile", "_refusals", "_trial")

    def __init__(self, asked: Asked, previous: Asked | None, profile: str) -> None:
        self._asked = asked
        self._previous = previous
        self._profile = profile
        self._refusals = Refusals()
        self._trial: asyncio.Future[None] | None = None
        self._logins = 0

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing would be lost with it."""
        return not self._logins and not self._refusals and self._previous is None

    @property
    def previous(self) -> Asked | None:
        """The secret that the server may have instead."""
        return self._previous

    @property
    def known(self) -> list[Secret]:
        """The secrets to be masked, beside those that the source said last."""
        return self._refusals.secrets + (self._previous.known if self._previous is not None else [])

    async def log_in(self, login: Callable[[Secret], Awaitable[T]], end: float) -> T:
        """Log in with the secret of now, else with the one that follows it, else with the previous one.

        `end` is the event loop's time at which the caller gives up. While no secret may be offered, a profile
        that has logged in before waits for that.

        Raises:
            ConfigError: the secret cannot be had.
            asyncpg.PostgresError: the server refused what there is, now or a moment ago.
        """
        self._logins += 1
        try:
            secret = await self._asked.ask()
            # What is left once the source has answered.
            last = end - (end - asyncio.get_running_loop().time()) * _TO_LOG_IN
            while True:
                refused: list[Exception] = []
                connection = await self._offer_each(secret, login, refused)
                if connection is not None:
                    return connection
                if refused:
                    raise refused[-1]
                secret = await self._wait(secret, last)
        finally:
            self._logins -= 1

    def accepted(self, secret: Secret) -> None:
        """Take note that a server took it."""
        self._asked.accepted(secret)
        if self._refusals:
            self._refusals.accepted(secret, self._asked.now, asyncio.get_running_loop().time())

    def ends_at(self, secret: Secret) -> float | None:
        """Return when the life of a secret ends, by the event loop's clock; None for one without an end."""
        if secret == self._asked.now or self._asked.ends_at is None:
            return self._asked.ends_at
        if self._previous is not None and secret == self._previous.now:
            return None
        return asyncio.get_running_loop().time()  # the next one came while this one logged in

    async def close(self) -> None:
        """End what is under way."""
        if self._previous is not None:
            await self._previous.close()

    # Which secret -----------------------------------------------------------------------------------

    async def _offer_each(
        self, secret: Secret, login: Callable[[Secret], Awaitable[T]], refused: list[Exception]
    ) -> T | None:
        """Return a connection; None when each secret is in its pause, or refused: `refused` has why."""
        offered = [secret]
        connection = await self._offer(secret, login, refused)
        if connection is None and refused:
            another = await _had(self._asked.ask_again())
            if another is not None and another not in offered:
                offered.append(another)
                connection = await self._offer(another, login, refused)
        if connection is not None or self._previous is None:
            return connection
        previous = await _had(self._previous.ask())
        if previous is None or previous in offered:
            return None
        return await self._fall_back(offered[-1], previous, login, refused)

    async def _fall_back(
        self,
        secret: Secret,
        previous: Secret,
        login: Callable[[Secret], Awaitable[T]],
        refused: list[Exception],
    ) -> T | None:
        """Return a connection by the previous secret.

        Where that was good until now and is refused, the server has changed: then the secret of now, which
        was ahead of the server, is due whatever is left of its pause.
        """
        was_good, news = self._is_proven(previous), [*refused]
        connection = await self._offer(previous, login, refused)
        if connection is not None:
            if news:
                self._tell_of_fallback(news[-1])
        elif was_good and not news and refused:
            self._refusals.lift(secret)
            connection = await self._offer(secret, login, refused)
        return connection

    async def _wait(self, secret: Secret, last: float) -> Secret:
        """Wait until a secret may be offered, a changed one or one after its pause; return the current one.

        Raises:
            asyncpg.PostgresError: that would take longer than until `last`, or no secret was ever accepted.
        """
        while True:
            # Before anything is raised as well: whoever waited for another's trial has an old answer, and its
            # refusal would go to callers that came after the change.
            looked_at = asyncio.get_running_loop().time()
            secret = await _had(self._asked.ask_again()) or secret
            previous = self._previous.now if self._previous is not None else None
            secrets = [secret] if previous is None else [secret, previous]
            pauses = [pause for pause in map(self._pause_of, secrets) if pause is not None]
            if len(pauses) < len(secrets):
                return secret
            first = min(pauses, key=lambda pause: pause.until)
            if self._asked.proven is None or first.until > last:
                error = pauses[0].error()
                mark_as_of(error, looked_at)
                raise self._told(error, first)
            left = first.until - asyncio.get_running_loop().time()
            await asyncio.sleep(max(0.0, min(_ASKS, left)))

    def _pause_of(self, secret: Secret) -> Refused | None:
        """Return what keeps a secret from being offered now."""
        if not self._refusals:
            return None
        refused = self._refusals.of(secret)
        now = asyncio.get_running_loop().time()
        return refused if refused is not None and now < refused.until else None

    # One login at a time ----------------------------------------------------------------------------

    async def _offer(
        self, secret: Secret, login: Callable[[Secret], Awaitable[T]], refused: list[Exception]
    ) -> T | None:
        """Return a connection; None for a secret that is in its pause, or refused: `refused` then has why."""
        trial = await self._turn(secret)
        try:
            if self._pause_of(secret) is not None:
                return None
            begun = asyncio.get_running_loop().time()
            try:
                return await login(secret)
            except Exception as error:
                if getattr(error, "sqlstate", None) not in REFUSALS:
                    raise
                refused.append(self._refused(secret, error, begun))
                return None
        finally:
            if trial is not None:
                self._trial = None
                trial.set_result(None)

    async def _turn(self, secret: Secret) -> asyncio.Future[None] | None:
        """Wait until a secret may be tried, and return what ends its trial.

        None for one that needs none, which is known to be good or bad, and for one whose trial takes long.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + (_FIRST_PATIENCE if self._asked.proven is None else _PATIENCE)
        while not self._is_proven(secret) and self._pause_of(secret) is None:
            if self._trial is None:
                self._trial = loop.create_future()
                return self._trial
            left = end - loop.time()
            if left <= 0:
                break
            await asyncio.wait({self._trial}, timeout=left)
        return None

    def _is_proven(self, secret: Secret) -> bool:
        return secret == self._asked.proven and (not self._refusals or self._refusals.of(secret) is None)

    def _refused(self, secret: Secret, error: Exception, begun: float) -> Exception:
        now = asyncio.get_running_loop().time()
        # Not as of now: the server may have judged before it was changed, and be heard after that.
        mark_as_of(error, begun)
        return self._told(error, self._refusals.note(secret, error, begun, now))

    # What is said of it -----------------------------------------------------------------------------

    def _told(self, error: Exception, refused: Refused) -> Exception:
        left = max(0.0, refused.until - asyncio.get_running_loop().time())
        error.add_note(
            f"connmgr: the secret of profile {self._profile!r} is from {self._asked.describe()}; it was "
            f"refused, and is not tried again for {left:.1f} s unless it changes"
        )
        return error

    def _tell_of_fallback(self, error: Exception) -> None:
        """Log that the server took the previous secret: nobody else would hear of the refusal."""
        source, sqlstate = self._asked.describe(), getattr(error, "sqlstate", None)
        logs.event(
            "WARNING",
            f"profile {self._profile!r}: let in with the previous secret; refused was that of now ({source})",
            profile=self._profile,
            source=source,
            sqlstate=sqlstate,
        )


async def _had(secret: Awaitable[Secret]) -> Secret | None:
    """Return a secret, None for one that cannot be had: the server's answer says more than that."""
    try:
        return await secret
    except ConfigError:
        return None

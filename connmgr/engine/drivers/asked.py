"""A secret that is asked of its source when it is needed, and remembered to be masked."""

from __future__ import annotations

import asyncio
from contextvars import Context
from typing import Final

from connmgr.secret import Secret, SecretSource

_RESTS: Final = 10
"""How many times as long as it took to answer a source is left alone, by whoever has an answer already."""

_SLOW: Final = 0.1
"""Seconds from which on an answer was a slow one. A busy event loop makes a file's answer take some time, and
whoever was refused just before the file changed could not look again.
"""


class Asked:
    """The secret of one source as it was last, and the one before: a rotated secret takes effect.

    The one before is still to be masked: connections that are open may have been made with it. Whoever asks
    while the source is being asked gets that answer: a burst of connects is one question. It is asked in a
    task of its own, which no asker can cancel for the others; `close` ends it.
    """

    # There is one for each profile in service, so what is seldom needed stands elsewhere.
    __slots__ = ("_beside", "_source", "now", "proven")

    def __init__(self, source: SecretSource) -> None:
        self._source = source
        self._beside: _Beside | None = None
        self.now: Secret | None = None
        """What the source said last."""
        self.proven: Secret | None = None
        """What a server took last."""

    @property
    def known(self) -> list[Secret]:
        """The secrets to be masked."""
        earlier = None if self._beside is None else self._beside.earlier
        return [secret for secret in (self.now, self.proven, earlier) if secret is not None]

    @property
    def ends_at(self) -> float | None:
        """When the life of `now` ends, by the event loop's clock; None for one without an end."""
        return None

    @property
    def trouble(self) -> str | None:
        """Why the source gives no secret while the last good one still serves; None when all is well."""
        return None

    async def ask(self) -> Secret:
        """Return the secret as it is now.

        Raises:
            ConfigError: it cannot be had.
        """
        return await self._answer()

    async def ask_again(self) -> Secret:
        """Return the secret as it is now, whatever life the last answer has left.

        A slow source, which took d seconds for that answer, is not asked within 10 d of it: `now` stands.

        Raises:
            ConfigError: it cannot be had.
        """
        if self._beside is not None and self._beside.task is not None:
            # It began before this call, and may bring what was true before.
            await asyncio.wait({self._beside.task})
        if self.now is not None and self._rests():
            return self.now
        return await self._answer()

    def accepted(self, secret: Secret) -> None:
        """Take note that a server took it."""
        if secret == self.proven:
            return
        if self.proven is not None:
            self._beside = self._beside or _Beside()
            self._beside.earlier = self.proven
        self.proven = secret

    def follow(self, former: Asked) -> None:
        """Take over what a server took of another source, whose place this one takes."""
        if former.proven is not None:
            self.proven = former.proven
            if former.now is not None and former.now != former.proven:
                self._beside = self._beside or _Beside()
                self._beside.earlier = former.now

    @property
    def is_asking(self) -> bool:
        """Whether a question is under way."""
        task = None if self._beside is None else self._beside.task
        return task is not None and not task.done()

    def describe(self) -> str:
        """Say where the secret comes from. Never the value."""
        return self._source.describe()

    async def close(self) -> None:
        """Give up a question that is under way, and wait until that has ended."""
        if self._beside is not None and (task := self._beside.task) is not None and not task.done():
            task.cancel()
            await asyncio.wait({task})

    async def _answer(self) -> Secret:
        task = self._question()
        # Waited for and not awaited: who is cancelled here does not cancel it for the others.
        await asyncio.wait({task})
        if task.cancelled():
            raise ConnectionAbortedError("this engine has left service")
        return task.result()

    def _question(self) -> asyncio.Task[Secret]:
        """Ask, unless somebody does."""
        beside = self._beside = self._beside or _Beside()
        if beside.task is None or beside.task.done():
            # In a context of its own: it belongs to no caller's trace or request.
            beside.task = asyncio.get_running_loop().create_task(self._ask(beside), context=Context())
            beside.task.add_done_callback(_look_at)
        return beside.task

    async def _ask(self, beside: _Beside) -> Secret:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        rest = 0.0
        try:
            secret = await self._source.get()
        except Exception as error:
            rest = self._failed(error, begun)
            raise
        else:
            return self._took(secret, begun)
        finally:
            now = loop.time()
            if now - begun >= _SLOW:
                rest = max(rest, (now - begun) * _RESTS)
            beside.task = None
            beside.rests_until = now + rest if rest else 0.0
            if not beside.rests_until and beside.earlier is None:
                self._beside = None

    def _took(self, secret: Secret, begun: float) -> Secret:
        """Keep the answer to a question of that time. The same text stays the same object."""
        if self.now is None or secret != self.now:
            self.now = secret
        return self.now

    def _failed(self, error: Exception, begun: float) -> float:
        """Take note that there was none; return for how many seconds the source is left alone."""
        return 0.0

    def _rests(self) -> bool:
        beside = self._beside
        # One that is being asked is no reason to be content with an old answer.
        if beside is None or beside.task is not None:
            return False
        return asyncio.get_running_loop().time() < beside.rests_until


class _Beside:
    """What there is beside a secret for a while: a question under way, a source that is left alone, and the
    secret before.
    """

    __slots__ = ("earlier", "rests_until", "task")

    def __init__(self) -> None:
        self.earlier: Secret | None = None
        self.rests_until = 0.0
        self.task: asyncio.Task[Secret] | None = None


def _look_at(task: asyncio.Task[Secret]) -> None:
    """Take note of how it ended: asyncio complains of an error that nobody came to hear."""
    if not task.cancelled():
        task.exception()

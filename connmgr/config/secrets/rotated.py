"""A secret of any kind with what a profile says of its rotation: `ttl` and `previous`."""

from __future__ import annotations

from connmgr.config.secrets.base import Answer, Context, Source
from connmgr.problem import Problem


class RotatedSource(Source):
    """A source beside which the profile says how long an answer serves, or what the secret was before."""

    __slots__ = ("_previous", "_source", "_ttl")

    def __init__(self, source: Source, ttl: float | None, previous: Source | None, context: Context) -> None:
        super().__init__(context)
        self._source = source
        self._ttl = ttl
        self._previous = previous

    @property
    def ttl(self) -> float | None:
        """How many seconds an answer serves."""
        return self._ttl

    @property
    def previous(self) -> Source | None:
        """What the server may have instead."""
        return self._previous

    def describe(self) -> str:
        """Say where the secret comes from and how it rotates: `command vault, ttl 900 s`."""
        parts = [self._source.describe()]
        if self._ttl is not None:
            parts.append(f"ttl {self._ttl:g} s")
        if self._previous is not None:
            parts.append(f"previous {self._previous.describe()}")
        return ", ".join(parts)

    def problems(self) -> tuple[Problem, ...]:
        """Return what can be said against the source. A previous secret need not be there, but what can be
        had of it must not be readable by others.
        """
        earlier = self._previous.problems() if self._previous is not None else ()
        return (*self._source.problems(), *(problem for problem in earlier if problem.code.is_warning))

    def written(self) -> tuple[object, ...]:
        """Return the source, its life, and the previous one."""
        return (self._source, self._ttl, self._previous)

    async def ask(self) -> Answer:
        """Return the secret as it is now, whatever its life: who keeps it counts that."""
        return await self._source.ask()

    def ask_now(self) -> Answer:
        """Return the secret as it is now."""
        return self._source.ask_now()

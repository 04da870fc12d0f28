"""What every source of a secret has in common: how it is asked, compared and shown."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeAlias

from connmgr.errors import ConfigError
from connmgr.problem import Code, Place, Problem
from connmgr.secret import Environment, Secret

Answer: TypeAlias = Secret | tuple[Problem, ...]
"""The secret, or why there is none.

Returned and not raised, so that no traceback has a frame whose locals hold what was read.
"""


@dataclass(frozen=True, slots=True)
class Context:
    """Where a secret is written, and what its source may look at.

    `root` is the directory of the profile file, absolute; `origin` says for people where a text without
    references stands.
    """

    environ: Environment
    place: Place
    path: str
    root: Path
    origin: str

    @property
    def setting(self) -> str:
        """What the secret is for: `password`."""
        return self.path.rpartition(".")[2]

    def problem(self, code: Code, found: str, accepted: str = "", hint: str = "") -> Problem:
        """Return a problem at the place of the reference."""
        return Problem(self.place, self.path, found, accepted, hint, code=code)


class Source(ABC):
    """A `SecretSource` that can say beforehand what keeps it from giving the secret.

    Two are equal when they are written the same, wherever they stand: a profile whose lines moved is the
    same profile. Not a dataclass, and not pickled: `asdict` or a pickle of the settings around it would
    take it apart.
    """

    __slots__ = ("_context",)

    def __init__(self, context: Context) -> None:
        self._context = context

    @property
    def ttl(self) -> float | None:
        """How many seconds an answer serves; None for one that is asked for each time."""
        return None

    @property
    def previous(self) -> Source | None:
        """What the server may have instead, while it rotates."""
        return None

    @abstractmethod
    def describe(self) -> str:
        """Say where the secret comes from, for people. Never the value."""

    @abstractmethod
    def problems(self) -> tuple[Problem, ...]:
        """Return what can be said now against this source, warnings among it; runs no command."""

    @abstractmethod
    def written(self) -> tuple[object, ...]:
        """Return what two sources that are written the same have in common; secrets in it are wrapped."""

    @abstractmethod
    async def ask(self) -> Answer:
        """Return the secret as it is now, or why there is none."""

    async def get(self) -> Secret:
        """Return the secret as it is now.

        Raises:
            ConfigError: it cannot be had, with the place of the reference.
        """
        return _granted(await self.ask())

    def read(self) -> Secret:
        """Return the secret as it is now, without an event loop, for what is settled once.

        Raises:
            ConfigError: it cannot be had, or can only be awaited.
        """
        return _granted(self.ask_now())

    def ask_now(self) -> Answer:
        """Return what `ask` does, without an event loop; a source that needs one refuses."""
        found = f"{self.describe()}, which is asked at every new connection and not before"
        return (self._context.problem(Code.REFERENCE, found, "text, {env: NAME} or {file: PATH}"),)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Source):
            return NotImplemented
        return type(self) is type(other) and self.written() == other.written()

    def __hash__(self) -> int:
        return hash((type(self), self.written()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.describe()!r})"

    # What is written does not change, so the copy is the source. `asdict` copies what it passes on.
    def __copy__(self) -> Source:
        return self

    def __deepcopy__(self, memo: object) -> Source:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"a {type(self).__name__} is not pickled: secrets would leave the process in clear text"
        )


def _granted(answer: Answer) -> Secret:
    if isinstance(answer, Secret):
        return answer
    raise ConfigError(answer)

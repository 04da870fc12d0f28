"""Where a profile's password comes from: the environment, asked anew each time, or the file itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connmgr.config.references import Part, Reference
from connmgr.config.scalars import unsafe_character
from connmgr.errors import ConfigError
from connmgr.problem import Place, Problem
from connmgr.secret import Secret


class PasswordSource:
    """A password made of texts and references; a `SecretSource`.

    Two are equal when they are made of the same parts, wherever they stand: a profile whose lines
    moved is the same profile. Not a dataclass: `asdict` of the settings around it would show its parts.
    """

    __slots__ = ("_environ", "_origin", "_parts", "_path", "_place")

    def __init__(
        self, parts: Iterable[Part], environ: Mapping[str, str], place: Place, path: str, origin: str
    ) -> None:
        """`origin` says for people where a password without references stands."""
        self._parts = tuple(Secret(part) if isinstance(part, str) else part for part in parts)
        self._environ = environ
        self._place = place
        self._path = path
        self._origin = origin

    def describe(self) -> str:
        """Say where the password comes from: `${DB_PASSWORD}`. Never the value."""
        named = dict.fromkeys(str(part) for part in self._parts if isinstance(part, Reference))
        return " and ".join(named) or self._origin

    async def get(self) -> Secret:
        """Return the password as it is now.

        Raises:
            ConfigError: a variable is not set, or holds what no password may.
        """
        problems = self.problems()
        if problems:
            raise ConfigError(problems)
        return Secret("".join(self._revealed(part) for part in self._parts))

    def problems(self) -> tuple[Problem, ...]:
        """Return what keeps the password from being had now."""
        found = [
            part.unset(self._place, self._path)
            for part in self._parts
            if isinstance(part, Reference) and part.value(self._environ) is None
        ]
        if unsafe := unsafe_character("".join(self._revealed(part) for part in self._parts)):
            accepted = "text without control characters"
            hint = f"it comes from {self.describe()}"
            found.append(Problem(self._place, self._path, f"{unsafe} inside the password", accepted, hint))
        return tuple(found)

    def _revealed(self, part: Secret | Reference) -> str:
        return part.reveal() if isinstance(part, Secret) else part.value(self._environ) or ""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PasswordSource):
            return NotImplemented
        return (self._parts, self._origin) == (other._parts, other._origin)

    def __hash__(self) -> int:
        return hash((self._parts, self._origin))

    def __repr__(self) -> str:
        return f"PasswordSource({self.describe()!r})"

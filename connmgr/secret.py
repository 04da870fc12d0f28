"""Values that must not be shown, and where they come from."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from typing import NoReturn, Protocol

MASK = "********"


class Secret:
    """A text that no repr, str, format, log, message or pickle shows; `reveal()` is the only way in."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the text itself.

        Call it in the expression that hands it to a driver, never before: a local variable would show it
        in a traceback that prints locals.
        """
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    # Immutable, so its copy is itself. `dataclasses.asdict` copies what it passes on.
    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled: it would leave the process in clear text")


class Environment(Mapping[str, str]):
    """Variables by name, read through to where they live; its repr shows no value, and it is not pickled.

    The process's own mapping shows all of them, and a traceback that prints locals shows the mapping.
    """

    __slots__ = ("_variables",)

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def __getitem__(self, name: str) -> str:
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)

    def __repr__(self) -> str:
        return f"<Environment of {len(self)} variables>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an Environment is not pickled: secrets would leave the process in clear text")


class SecretSource(Protocol):
    """Where a secret comes from; asked at every new connection, so a rotated one takes effect."""

    def describe(self) -> str:
        """Say where the secret comes from, for people: `${DB_PASSWORD}`. Never the value."""
        ...

    async def get(self) -> Secret:
        """Return the secret as it is now.

        Raises:
            ConfigError: it cannot be had, with the place of the reference.
        """
        ...

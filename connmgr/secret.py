"""Values that must not be shown, and where they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NoReturn, Protocol

MASK = "********"


class Secret:
    """A text that no repr, str, format, log, message or pickle shows; `reveal()` is the only way in."""

    __slots__ = ("_held",)
    _held: Callable[[], str]

    def __init__(self, value: str) -> None:
        # In a function: what takes objects apart by `dir`, by their slots or by `__getstate__` would write
        # an attribute out, and a function shows as its name.
        self._held = lambda: value

    def reveal(self) -> str:
        """Return the text itself.

        Call it in the expression that hands it to a driver, never before: a local variable would show it
        in a traceback that prints locals.
        """
        return self._held()

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        import hmac  # with OpenSSL, and `validate` compares no secret

        # A variable may hold bytes that are no UTF-8; the error of a strict encoding would carry the text.
        return hmac.compare_digest(*(each.reveal().encode(errors="surrogatepass") for each in (self, other)))

    def __hash__(self) -> int:
        return hash((Secret, self._held()))

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

    __slots__ = ("_held",)
    _held: Callable[[], Mapping[str, str]]

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._held = lambda: variables  # for the reason that a Secret has

    def __getitem__(self, name: str) -> str:
        # `get`, for the process's mapping raises from a frame of its own, whose locals are all variables.
        value = self._held().get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._held())

    def __len__(self) -> int:
        return len(self._held())

    def __repr__(self) -> str:
        return f"<Environment of {len(self)} variables>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an Environment is not pickled: secrets would leave the process in clear text")


class SecretSource(Protocol):
    """Where a secret comes from; asked at every new connection, so a rotated one takes effect."""

    @property
    def ttl(self) -> float | None:
        """Seconds for which an answer serves without asking again; None for no time at all."""
        ...

    @property
    def previous(self) -> SecretSource | None:
        """Where the secret is that the server may have instead, while it rotates; it has none of its own."""
        ...

    def describe(self) -> str:
        """Say where the secret comes from, for people: `${DB_PASSWORD}`. Never the value."""
        ...

    async def get(self) -> Secret:
        """Return the secret as it is now.

        Raises:
            ConfigError: it cannot be had, with the place of the reference.
        """
        ...

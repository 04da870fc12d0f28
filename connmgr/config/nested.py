"""Walk the nested values of a profile, secrets wrapped or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from types import MappingProxyType

from connmgr.config.merge import Alone, Layer
from connmgr.config.paths import Path
from connmgr.config.references import Reference, parse_readable, references
from connmgr.config.schema import PATHS, is_secret, keys_of, settings
from connmgr.secret import Secret


def texts(values: Mapping[str, object]) -> list[tuple[Path, str]]:
    """Return every text in nested values with its path, one in a list with the list's; secrets revealed."""
    found: list[tuple[Path, str]] = []
    _gather(values, (), found)
    return found


def _gather(values: Mapping[str, object], path: Path, found: list[tuple[Path, str]]) -> None:
    for key, value in values.items():
        # Texts first: most values are, and asking whether something is a `Mapping` is slow.
        if isinstance(value, str):
            found.append(((*path, key), value))
        elif isinstance(value, Secret):
            found.append(((*path, key), value.reveal()))
        elif isinstance(value, list):
            found += (((*path, key), item) for item in value if isinstance(item, str))
        elif isinstance(value, Mapping):
            _gather(value, (*path, key), found)


def freeze(values: Mapping[str, object], path: Path = ()) -> Layer:
    """Return nested values as read-only mappings, texts that may hold a secret wrapped.

    A mapping that is one value, such as `{file: PATH}`, stands alone when it is merged.
    """
    return MappingProxyType({key: _frozen(value, (*path, key)) for key, value in values.items()})


def _frozen(value: object, path: Path) -> object:
    if isinstance(value, str):
        return Secret(value) if is_secret(path) else value
    if isinstance(value, dict):
        if _is_open_group(path) and not any(isinstance(inner, dict | list) for inner in value.values()):
            return MappingProxyType(value)  # as it is, for nobody else has it: most of a profile is this
        frozen = freeze(value, path)
        return Alone(frozen) if is_secret(path) else frozen
    return tuple(_frozen(item, path) for item in value) if isinstance(value, list) else value


@lru_cache(PATHS)
def _is_open_group(path: Path) -> bool:
    """Whether the setting at `path` is a group of settings of which none is a secret."""
    return bool(keys_of(path)) and not any(
        is_secret(other) for other, _ in settings() if other[: len(path)] == path
    )


def found_in(values: Mapping[str, object], path: Path = ()) -> Iterator[tuple[Path, tuple[Reference, ...]]]:
    """Every text in nested values that has references, with them; no secret in what it yields.

    A mapping that says where a secret is, such as `{file: PATH}`, is its source's to judge.
    """
    for key, value in values.items():
        here = (*path, key)
        if isinstance(value, Mapping):
            if not is_secret(here):
                yield from found_in(value, here)
        elif found := _references(value):
            yield here, found


def _references(value: object) -> tuple[Reference, ...]:
    # Revealed in the expression that parses it: what has a traceback has none of this frame.
    if isinstance(value, Secret):
        return references(parse_readable(value.reveal()))
    return references(parse_readable(value)) if isinstance(value, str) else ()


class SecretValues:
    """Whatever may be a secret among the nested values of one file, found out when a message first asks.

    An alias may have brought it where something else should stand, and the message would show it.
    """

    def __init__(self, *layers: object) -> None:
        self._layers = layers

    def __contains__(self, value: object) -> bool:
        # Not true and false, which may be shown, and which Python has equal 1 and 0.
        return isinstance(value, str | int | float) and not isinstance(value, bool) and value in self._found

    @cached_property
    def _found(self) -> frozenset[object]:
        return frozenset(secret for layer in self._layers for secret in _secrets(layer, (), hidden=False))


def _secrets(value: object, path: Path, *, hidden: bool) -> Iterator[object]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            here = (*path, key)
            yield from _secrets(inner, here, hidden=hidden or is_secret(here))
    elif isinstance(value, list):
        for item in value:
            yield from _secrets(item, path, hidden=hidden)
    elif hidden and not isinstance(value, bool):
        yield value


def secret_names(values: Mapping[str, object], path: Path = ()) -> frozenset[str]:
    """Name the variables that a secret is made of: put elsewhere by mistake, they are as secret there."""
    return frozenset(_secret_names(values, path))


def _secret_names(values: Mapping[str, object], path: Path) -> Iterator[str]:
    for key, value in values.items():
        here = (*path, key)
        if isinstance(value, Mapping) and not is_secret(here):
            yield from _secret_names(value, here)
        elif is_secret(here):
            yield from _names_in(value)


def _names_in(secret: object) -> Iterator[str]:
    """Name the variables of one secret, and of the one before it."""
    if not isinstance(secret, Mapping):
        yield from (reference.name for reference in _references(secret))
        return
    if "env" in secret:
        yield str(secret["env"])
    yield from _names_in(secret.get("previous"))

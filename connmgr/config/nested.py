"""Walk the nested values of a profile, secrets wrapped or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from connmgr.config.merge import Alone, Layer
from connmgr.config.paths import Path
from connmgr.config.references import parse_readable, references
from connmgr.config.schema import is_secret
from connmgr.secret import Secret


def texts(values: Mapping[str, object], path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text in nested values with its path, secrets revealed."""
    for key, value in values.items():
        # Texts first: most values are, and asking whether something is a `Mapping` is slow.
        if isinstance(value, str):
            yield (*path, key), value
        elif isinstance(value, Secret):
            yield (*path, key), value.reveal()
        elif isinstance(value, Mapping):
            yield from texts(value, (*path, key))


def freeze(values: Mapping[str, object], path: Path = ()) -> Layer:
    """Return nested values as read-only mappings, texts that may hold a secret wrapped.

    A mapping that is one value, such as `{file: PATH}`, stands alone when it is merged.
    """
    return MappingProxyType({key: _frozen(value, (*path, key)) for key, value in values.items()})


def _frozen(value: object, path: Path) -> object:
    if isinstance(value, str):
        return Secret(value) if is_secret(path) else value
    if isinstance(value, dict):
        frozen = freeze(value, path)
        return Alone(frozen) if is_secret(path) else frozen
    return tuple(_frozen(item, path) for item in value) if isinstance(value, list) else value


def secret_names(values: Mapping[str, object]) -> frozenset[str]:
    """Name the variables that a secret is made of: put elsewhere by mistake, they are as secret there."""
    secrets = (parse_readable(text) for path, text in texts(values) if is_secret(path))
    return frozenset(reference.name for parts in secrets for reference in references(parts))

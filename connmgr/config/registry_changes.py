"""Say key by key how `_registry.yaml` differs from what it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connmgr.config.paths import dotted
from connmgr.config.registry_file import RegistryFile
from connmgr.config.secrets import Source
from connmgr.config.value_text import value_text
from connmgr.plan import Change, Effect
from connmgr.problem import Place
from connmgr.registry_settings import RegistrySettings
from connmgr.secret import MASK


def registry_changes(
    old: RegistrySettings, new: RegistrySettings, file: RegistryFile | None, directory: str
) -> tuple[Change, ...]:
    """Return what differs by value; where the file is gone, all of it is as if it never was."""
    if old == new:
        return ()
    before, after = dict(_values(old)), dict(_values(new))
    return tuple(
        Change(
            dotted(path),
            _text(before.get(path), path),
            _text(after.get(path), path),
            Effect.LIVE,
            file.place(path) if file else Place(directory),
        )
        for path in dict.fromkeys((*before, *after))
        if before.get(path) != after.get(path)
    )


def _values(settings: RegistrySettings) -> Iterator[tuple[tuple[str, ...], object]]:
    for group, members in settings.groups.items():
        yield ("groups", group), members
    yield ("health", "max_monitors"), settings.health.max_monitors
    web = settings.web
    values: Mapping[str, object] = {
        "details": web.details,
        "token": web.token,
        "rise": web.rise,
        "fall": web.fall,
    }
    for key, value in values.items():
        yield ("web", key), value


def _text(value: object, path: tuple[str, ...]) -> str | None:
    if isinstance(value, Source):
        return f"{MASK} ({value.describe()})"
    if isinstance(value, tuple):
        return ", ".join(value)
    return None if value is None else value_text(value, path)

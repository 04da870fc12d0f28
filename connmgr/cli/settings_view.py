"""Settings as plain values and as text, secrets masked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from connmgr.cli.output import one_line
from connmgr.config.value_text import value_text
from connmgr.settings import PoolSettings, Settings
from connmgr.target import SQLiteTarget, Target

_ALWAYS_USED = frozenset({"mode", "leak_detection_threshold"})
"""Settings of the pool that count for a connection per checkout too."""


def plain_values(settings: Settings) -> dict[str, object]:
    """Return the settings as nested plain values, durations in seconds, for a secret where it comes from."""
    return {
        "name": settings.name,
        "description": settings.description,
        **settings.target.to_dict(),
        "pool": _pool(settings.pool, settings.target),
        "timeouts": asdict(settings.timeouts),
        "session": asdict(settings.session),
        "health": asdict(settings.health),
    }


def text_lines(values: Mapping[str, object], parents: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the values as lines in the manner of a profile file, durations with their unit."""
    indent = "  " * len(parents)
    for name, value in values.items():
        path = (*parents, name)
        if isinstance(value, Mapping):
            yield f"{indent}{name}:"
            yield from text_lines(value, path)
        else:
            yield f"{indent}{name}: {one_line(value_text(value, path))}"


def flat_values(settings: Settings) -> dict[str, str]:
    """Return the settings as text by their dotted paths, durations with their unit."""
    return {".".join(path): text for path, text in _leaves(plain_values(settings), ())}


def _leaves(values: Mapping[str, object], parents: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, value in values.items():
        path = (*parents, name)
        if isinstance(value, Mapping):
            yield from _leaves(value, path)
        else:
            yield path, one_line(value_text(value, path))


def _pool(pool: PoolSettings, target: Target) -> dict[str, object]:
    """Return the pool's settings; those that its mode does not use say so instead of promising a limit."""
    values = asdict(pool)
    if pool.mode == "none":
        reason = "SQLite" if isinstance(target, SQLiteTarget) else "mode is none"
        values |= dict.fromkeys(values.keys() - _ALWAYS_USED, f"not used: {reason}")
    return values

"""A setting's value as a person would write it."""

from __future__ import annotations

from connmgr.config.paths import Path
from connmgr.config.schema import is_duration


def value_text(value: object, path: Path) -> str:
    """Return the value of the setting at `path` as text, a duration with the unit that suits it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float) and is_duration(path):
        return _duration(float(value))
    return str(value)


def _duration(seconds: float) -> str:
    for length, unit in ((3600, "h"), (60, "m")):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:g}{unit}"
    return f"{seconds:g}s" if seconds >= 1 else f"{seconds * 1000:g}ms"

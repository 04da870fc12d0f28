"""Says which extra to install for a library that is not there."""

from __future__ import annotations


def without(extra: str, missing: ModuleNotFoundError) -> ImportError:
    """Return the error for a module of ours that needs the extra."""
    return ImportError(
        f"{missing.name} is not installed: connmgr.telemetry needs it here; say "
        f"`pip install 'connmgr[{extra}]'`",
        name=missing.name,
    )

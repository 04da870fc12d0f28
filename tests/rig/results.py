"""Compare what was loaded by what it says, and not by which objects say it."""

from __future__ import annotations

from connmgr.config.loader import LoadResult
from connmgr.profile import Profile


def said(result: LoadResult) -> list[object]:
    """Return everything that a result says, profiles in their order and with their places."""
    registry = result.registry
    return [
        [_profile(name, profile) for name, profile in result.profiles.items()],
        result.problems,
        result.warnings,
        result.broken,
        registry and (registry.file, registry.settings, registry.token, registry.token_place),
    ]


def _profile(name: str, profile: Profile) -> tuple[object, ...]:
    return name, profile, dict(profile.places)

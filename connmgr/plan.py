"""What a reload changes, or would change: profile by profile, key by key, each with its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from connmgr.problem import Place


class Effect(StrEnum):
    """What a changed setting takes: the words of the schema's `x-reload`, the least first."""

    LIVE = "live"
    NEXT_CONNECTION = "next connection"
    REBUILD = "rebuild"


@dataclass(frozen=True, slots=True)
class Change:
    """One setting with another value. `old` and `new` are for people, secrets masked; None for not set."""

    key: str
    old: str | None
    new: str | None
    effect: Effect
    place: Place

    def __str__(self) -> str:
        values = f"{_shown(self.old)} -> {_shown(self.new)}"
        return f"{self.key}: {values} ({self.effect}) {self.place.file}:{self.place.line}"

    def to_dict(self) -> dict[str, object]:
        """Return plain values, as JSON has them."""
        return {
            "key": self.key,
            "old": self.old,
            "new": self.new,
            "effect": self.effect.value,
            "file": self.place.file,
            "line": self.place.line,
        }


@dataclass(frozen=True, slots=True)
class ProfilePlan:
    """One profile that is not as it was. `place` is where it stands, for a removed one where it stood.

    `in_service` says whether it has an engine, and so whether anything has to be done at once.
    """

    profile: str
    action: Literal["added", "removed", "changed"]
    place: Place
    in_service: bool = False
    changes: tuple[Change, ...] = ()

    @property
    def effect(self) -> Effect | None:
        """The most that a change of it takes; None for a profile that is added or removed."""
        order = list(Effect)
        return max((change.effect for change in self.changes), key=order.index, default=None)

    def lines(self) -> Iterator[str]:
        """Yield it for people."""
        what = self.effect.value if self.action == "changed" and self.effect else self.action
        idle = "" if self.in_service or self.action == "added" else ", not in use"
        yield f"{self.profile}: {what}{idle} ({self.place.file}:{self.place.line})"
        yield from (f"  {change}" for change in self.changes)

    def to_dict(self) -> dict[str, object]:
        """Return plain values, as JSON has them."""
        return {
            "profile": self.profile,
            "action": self.action,
            "effect": self.effect.value if self.effect else None,
            "in_service": self.in_service,
            "file": self.place.file,
            "line": self.place.line,
            "changes": [change.to_dict() for change in self.changes],
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """What differs between the files and what runs: changed profiles by name, and how many do not change.

    `registry` has the changes of `_registry.yaml`.
    """

    profiles: tuple[ProfilePlan, ...] = ()
    unchanged: int = 0
    registry: tuple[Change, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the files say what runs already."""
        return not self.profiles and not self.registry

    def __str__(self) -> str:
        lines = [line for profile in self.profiles for line in profile.lines()]
        lines += [f"_registry: {change}" for change in self.registry]
        return "\n".join([*lines, f"{self.unchanged} unchanged"])

    def to_dict(self) -> dict[str, object]:
        """Return plain values, as JSON has them."""
        return {
            "profiles": [profile.to_dict() for profile in self.profiles],
            "registry": [change.to_dict() for change in self.registry],
            "unchanged": self.unchanged,
        }


def _shown(value: str | None) -> str:
    return "not set" if value is None else value

"""What is said of all profiles together: their groups, and how their health is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from connmgr.errors import UnknownGroup
from connmgr.nearest import unknown
from connmgr.secret import SecretSource

EVERYONE: Final = ("readiness", "startup")
"""Groups that have all profiles where nothing else is written; `liveness` then has none."""


@dataclass(frozen=True, slots=True)
class RegistryHealth:
    """`health:` of `_registry.yaml`. `max_monitors` are the connections that one server has to bear."""

    max_monitors: int = 5


@dataclass(frozen=True, slots=True)
class WebSettings:
    """`web:` of `_registry.yaml`. `rise` and `fall` are checks in a row."""

    details: Literal["never", "token", "always"] = "never"
    token: SecretSource | None = None
    rise: int = 2
    fall: int = 3


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """`_registry.yaml`, or what holds where there is none."""

    groups: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    health: RegistryHealth = RegistryHealth()
    web: WebSettings = WebSettings()

    def group(self, name: str, profiles: Iterable[str]) -> tuple[str, ...]:
        """Return the members of a group, of all the `profiles` that there are.

        Raises:
            UnknownGroup: there is none of that name.
        """
        if name in self.groups:
            return self.groups[name]
        if name in EVERYONE:
            return tuple(profiles)
        if name == "liveness":
            return ()
        raise UnknownGroup(unknown(name, {*self.groups, *EVERYONE, "liveness"}, kind="group"))

"""Profiles by name, as their files have them and as they settle."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Self

from connmgr.config.loader import require_profiles
from connmgr.config.settle import settle
from connmgr.errors import UnknownProfile
from connmgr.nearest import unknown
from connmgr.profile import Profile
from connmgr.registry_settings import RegistrySettings
from connmgr.secret import Environment
from connmgr.settings import Settings


class LoadedProfiles(Mapping[str, Profile]):
    """What a directory of profiles holds. A profile's references are resolved at its first use.

    `options` is what `_registry.yaml` says of all of them together.
    """

    def __init__(
        self,
        profiles: Mapping[str, Profile],
        *,
        environ: Mapping[str, str] | None = None,
        options: RegistrySettings | None = None,
    ) -> None:
        self.options = options or RegistrySettings()
        self._profiles = dict(profiles)
        self._environ = Environment(os.environ if environ is None else environ)
        self._settings: dict[str, Settings] = {}

    @classmethod
    def load(
        cls,
        directory: str | Path,
        *,
        names: Iterable[str] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Self:
        """Read and validate the profiles in `directory`; no database I/O, no environment needed.

        With `names`, only those: their files are read, those of their bases, and the shared ones.

        Raises:
            ConfigError: with every problem of every file.
            UnknownProfile: no file has one of the names.
        """
        # Wrapped at once: a traceback that prints locals would show what the caller handed over.
        environ = Environment(os.environ if environ is None else environ)
        loaded = require_profiles(directory, names)
        options = loaded.registry.settle(environ, loaded.profiles) if loaded.registry else None
        return cls(loaded.profiles, environ=environ, options=options)

    def __getitem__(self, name: str) -> Profile:
        try:
            return self._profiles[name]
        except KeyError:
            raise UnknownProfile(unknown(name, self._profiles)) from None

    def __contains__(self, name: object) -> bool:
        return name in self._profiles  # without the words that `__getitem__` finds for a name that is not

    def __iter__(self) -> Iterator[str]:
        return iter(self._profiles)

    def __len__(self) -> int:
        return len(self._profiles)

    def group(self, name: str) -> tuple[str, ...]:
        """Return the profiles of a group of `_registry.yaml`; readiness and startup have all, unless written.

        Raises:
            UnknownGroup: there is no such group.
        """
        return self.options.group(name, self)

    def settings(self, name: str) -> Settings:
        """Return what the profile comes to, its references resolved at the first call.

        Raises:
            UnknownProfile: there is no such profile.
            ConfigError: a reference is not set, or what it holds is not accepted.
        """
        profile = self[name]
        if name not in self._settings:
            self._settings[name] = settle(profile, self._environ)
        return self._settings[name]

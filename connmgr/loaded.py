"""Profiles by name, as their files have them and as they settle."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Self

from connmgr.config.directory import ProfileDirectory
from connmgr.config.loader import LoadResult, require
from connmgr.config.settle import settle
from connmgr.errors import ConnmgrError, ProfileRemoved, UnknownProfile
from connmgr.nearest import unknown
from connmgr.profile import Profile
from connmgr.registry_settings import RegistrySettings
from connmgr.secret import Environment
from connmgr.settings import Settings


class ProfileFiles:
    """Where profiles were loaded from, to be read again; from any thread, one reading at a time."""

    def __init__(self, directory: str | Path, names: Iterable[str] | None) -> None:
        self._directory = ProfileDirectory(directory, names)
        self._absolute = str(Path(directory).absolute())
        self._before: LoadResult | None = None
        self._lock = threading.Lock()

    @property
    def path(self) -> str:
        """The directory as it was named; in another current directory than then, its absolute path."""
        if Path(self._directory.path).absolute() != Path(self._absolute):
            self._directory = ProfileDirectory(self._absolute, self._directory.names)
        return self._directory.path

    def require(self) -> LoadResult:
        """Return what the files hold now, which has no problem; only those that changed are read again.

        Raises:
            ConfigError: with every problem of every file.
            UnknownProfile: no file has one of the names.
        """
        with self._lock:
            path, directory = self.path, self._directory
            result = require(directory.read(), directory.names, path, before=self._before)
            self._before = result
            return result


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
        self._removed: frozenset[str] = frozenset()
        self._from: ProfileFiles | None = None

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
        files = ProfileFiles(directory, names)
        loaded = files.require()
        options = loaded.registry.settle(environ, loaded.profiles) if loaded.registry else None
        registry = cls(loaded.profiles, environ=environ, options=options)
        registry._from = files
        return registry

    def __getitem__(self, name: str) -> Profile:
        try:
            return self._profiles[name]
        except KeyError:
            if name in self._removed:
                raise ProfileRemoved(f"profile {name!r} is gone: a reload found its file no more") from None
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
        # In this order: as another thread asks and a reload comes between, what is settled is thrown away.
        settled, profile = self._settings, self[name]
        if name not in settled:
            settled[name] = settle(profile, self._environ)
        return settled[name]

    def _files(self) -> ProfileFiles:
        if self._from is None:
            raise ConnmgrError("the registry has no directory to read again; use Registry.load")
        return self._from

    def _take(self, profiles: Mapping[str, Profile], settled: Mapping[str, Settings]) -> None:
        """Have other profiles from now on; those that are not `settled` are so at their next use."""
        self._removed = (self._removed | self._profiles.keys()) - profiles.keys()
        self._profiles, self._settings = dict(profiles), dict(settled)

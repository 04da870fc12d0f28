"""Say of each setting of a profile where its value came from, and what a change of it would take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connmgr.config.libpq.origins import target_origins
from connmgr.config.paths import Path
from connmgr.config.references import Reference, parse_readable, references
from connmgr.config.schema import definition
from connmgr.profile import Profile
from connmgr.secret import Secret

DEFAULT = "default"
_ADDRESS = ("host", "hostaddr", "port", "dbname", "user")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one effective value came from.

    `source` is a place in a file, with the variables that fill it in, a source of libpq's, or `default`.
    `default` is the schema's, None where there is none. `reload` says how a reload applies a change:
    `live`, `next connection` or `rebuild`; empty for what is not a setting.
    """

    source: str
    default: object
    reload: str


class Origins:
    """Answers for one profile in one environment."""

    def __init__(self, profile: Profile, environ: Mapping[str, str]) -> None:
        self._profile = profile
        self._environ = environ
        self._target = target_origins(profile, environ)

    def of(self, path: Path) -> Origin:
        """Return the origin of the effective setting at `path`, such as `("pool", "size")`.

        libpq's words stand at the top, as in `Settings.target`: `("sslmode",)`.
        """
        word = path[0] if len(path) == 1 else ""
        known = definition(path) or definition(("connection", word)) or {}
        return Origin(self._source(path), known.get("default"), known.get("x-reload", ""))

    def _source(self, path: Path) -> str:
        for written in (path, ("connection", *path)):
            value = _value(self._profile.values, written)
            if value is not None:
                return self._written(written, value)
        if path == ("url",):
            return self._elsewhere()
        origin = self._target.get(path[-1], "") if len(path) == 1 else ""
        if origin == "url":
            return self._written(("url",), self._profile.values["url"])
        return origin or DEFAULT

    def _elsewhere(self) -> str:
        """Say what makes up the url of a profile that has none."""
        connection = self._profile.values.get("connection")
        own = [
            self._written(("connection", word), connection[word])
            for word in _ADDRESS
            if isinstance(connection, Mapping) and word in connection
        ]
        others = [
            by for word, by in self._target.items() if word in _ADDRESS and by not in ("url", "connection")
        ]
        return ", ".join(dict.fromkeys((*own, *others))) or DEFAULT

    def _written(self, path: Path, value: object) -> str:
        place = self._profile.place(*path)
        text = value.reveal() if isinstance(value, Secret) else value
        found = references(parse_readable(text)) if isinstance(text, str) else ()
        return ", ".join(
            (f"{place.file}:{place.line}", *dict.fromkeys(self._variable(reference) for reference in found))
        )

    def _variable(self, reference: Reference) -> str:
        used = reference.value(self._environ)
        own = self._environ.get(reference.name)
        return f"variable {reference.name}" if used is None or used == own else f"default of {reference}"


def _value(values: Mapping[str, object], path: Path) -> object:
    value: object = values
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value

"""Profiles as written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from connmgr.problem import Place


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile file as written: validated, its references still references.

    `values` is the document as nested read-only mappings; texts that may hold a secret are wrapped
    in `Secret`. `places` maps a path in the document (`("pool", "size")`) to where its value stands.
    """

    name: str
    file: str
    values: Mapping[str, object] = field(repr=False)
    places: Mapping[tuple[str, ...], Place] = field(repr=False, compare=False)

    @property
    def description(self) -> str:
        """The `description` of the file, empty when it has none."""
        return str(self.values.get("description", ""))

    def place(self, *path: str) -> Place:
        """Where the value at `path` stands; for a path that is not written, its nearest parent."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        start = self.places.get(())
        # Else it is where a profile begins that this one extends.
        return start if start is not None and start.file == self.file else Place(self.file)

"""Say that a base is missing: which there are, and which was perhaps meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from connmgr.config.entry import Entry
from connmgr.config.files import REGISTRY, is_base, is_name
from connmgr.nearest import Nearest, did_you_mean
from connmgr.problem import Code, Place, Problem

MOST_LISTED: Final = 20
_REGISTRY: Final = f"{REGISTRY}, which is no base: the file of that name is about all profiles together"


class Missing:
    """Remembers what it said: a base that was renamed is missing in every profile."""

    def __init__(self, names: Callable[[], Iterable[str]]) -> None:
        self._names = names
        self._fit: list[str] = []
        self._listed: list[str] = []
        self._nearest = Nearest(())

    def problem(self, entry: Entry, name: str, place: Place, path: str) -> Problem:
        """Return the problem with an entry that extends a name which no file has."""
        if not self._fit:
            self._fit = sorted(name for name in self._names() if is_name(name.removeprefix("_")))
            self._listed = [name for name in self._fit if is_base(name)] or self._fit
            self._nearest = Nearest(self._fit)
        near = self._nearest.hint(name)
        # Not itself: that would be a ring.
        hint = "" if near == did_you_mean(name, [entry.name]) else near
        found = _REGISTRY if name == REGISTRY else f"{name}, which no file has"
        return Problem(place, path, found, self._accepted(entry), hint, code=Code.BASE_MISSING)

    def _accepted(self, entry: Entry) -> str:
        is_listed = is_base(entry.name) or self._listed is self._fit
        others = [name for name in self._listed[: MOST_LISTED + 1] if name != entry.name][:MOST_LISTED]
        more = len(self._listed) - is_listed - len(others)
        listed = ", ".join(others) or "another file's name without its ending"
        return f"{listed} and {more} more" if more > 0 else listed

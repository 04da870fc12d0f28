"""When changes have come to rest."""

from __future__ import annotations


class Rest:
    """Changes are at rest once none came for `quiet` seconds, or once they went on for `longest`."""

    def __init__(self, quiet: float, longest: float) -> None:
        self._quiet = quiet
        self._longest = longest
        self._first: float | None = None
        self._last = 0.0

    def notice(self, now: float) -> None:
        """Take note of a change."""
        if self._first is None:
            self._first = now
        self._last = now

    def due(self) -> float:
        """Return when to report what was seen; at once, in vain, if nothing was."""
        first = self._last if self._first is None else self._first
        return min(self._last + self._quiet, first + self._longest)

    def reported(self) -> None:
        """Take note that what was seen so far has been reported."""
        self._first = None

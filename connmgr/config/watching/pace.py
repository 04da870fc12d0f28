"""How often to look, so that looking takes no more than a share of one processor."""

from __future__ import annotations


class Pace:
    """Remembers when the last look ended, and what it took."""

    def __init__(self) -> None:
        self._ended = 0.0
        self._took = 0.0

    def saw(self, now: float, took: float) -> None:
        """Take note of a look that has ended, after so many seconds of processor time.

        Not of time: in a busy process a look takes long, and the next would be put off for hours.
        """
        self._ended, self._took = now, took

    def due(self, share: float, least: float) -> float:
        """Return when the next look is due: at least so many seconds after the last."""
        return self._ended + max(least, self._took / share)

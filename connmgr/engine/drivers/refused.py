"""Which secrets a server refused, and when each may be offered to it again."""

from __future__ import annotations

import copy
from typing import Final

from connmgr.secret import Secret

FIRST: Final = 1.0
"""Seconds until a secret that was refused may be offered again; doubled each time that it is refused."""

LONGEST: Final = 60.0

_KEPT: Final = 4
"""Of the secrets refused last, for a source that goes back to an old one."""


class Refused:
    """One secret, and the server's answer to it."""

    __slots__ = ("_error", "at", "is_lifted", "pause", "secret")

    def __init__(self, secret: Secret) -> None:
        self.secret = secret
        self.at = self.pause = 0.0
        self.is_lifted = False
        self._error: Exception = ConnectionRefusedError()

    @property
    def until(self) -> float:
        """When it may be offered again."""
        return self.at if self.is_lifted else self.at + self.pause

    def again(self, error: Exception, begun: float, now: float) -> None:
        """Take note of a refusal. Logins that were under way beside each other are refused for one reason,
        so only one that began after the last refusal makes the pause longer.
        """
        if begun >= self.at:
            self.pause = min(LONGEST, 2 * self.pause or FIRST)
            self.at = now
            self.is_lifted = False
        self._error = _without_frames(error)

    def error(self) -> Exception:
        """Return the server's answer, to be raised once more."""
        return _without_frames(self._error)


class Refusals:
    """The secrets of one profile that were refused and have not been accepted since."""

    __slots__ = ("_latest",)

    def __init__(self) -> None:
        self._latest: list[Refused] = []

    def __len__(self) -> int:
        return len(self._latest)

    @property
    def secrets(self) -> list[Secret]:
        """The secrets to be masked."""
        return [each.secret for each in self._latest]

    def of(self, secret: Secret) -> Refused | None:
        """Return what is known of a secret; None for one that nobody refused."""
        return next((each for each in self._latest if each.secret == secret), None)

    def note(self, secret: Secret, error: Exception, begun: float, now: float) -> Refused:
        """Take note that a login of that time was refused."""
        refused = self.of(secret) or Refused(secret)
        refused.again(error, begun, now)
        others = [each for each in self._latest if each is not refused]
        self._latest = [*others, refused][-_KEPT:]
        return refused

    def lift(self, secret: Secret) -> None:
        """End the pause of a secret. The next is as long as it would have been."""
        refused = self.of(secret)
        if refused is not None:
            refused.is_lifted = True

    def accepted(self, secret: Secret, current: Secret | None, now: float) -> None:
        """Forget a secret that was accepted, and those whose pause is over, but not what is current: it would
        begin with a short pause again.
        """
        self._latest = [
            each
            for each in self._latest
            if each.secret != secret and (now < each.until or each.secret == current)
        ]


def _without_frames(error: Exception) -> Exception:
    """Return a copy of an error, to keep or to raise; a copy has no traceback and no cause.

    Its frames would keep what was under way, and each caller's notes are its own.
    """
    bare = copy.copy(error)
    if hasattr(error, "__notes__"):
        bare.__notes__ = [*error.__notes__]
    return bare

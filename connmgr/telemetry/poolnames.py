"""Under which name a profile's figures are shown: its own, or `other` once there are too many."""

from __future__ import annotations

from threading import Lock
from typing import Final

OTHER: Final = "other"
LIMIT: Final = 200


class PoolNames(dict[str, str]):
    """Names by profile. The first `limit` profiles keep theirs, the rest are one.

    A profile's name is given when it is first asked for, and stays, also when a reload removes the profile:
    were another to move to a name of its own later, the counters of `other` would fall, and a library that
    remembers every name would remember ever more of them. Any thread may ask.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        super().__init__()
        if limit < 0:
            raise ValueError(f"limit is how many profiles keep their names, 0 or more; got {limit}")
        self._limit = limit
        self._lock = Lock()

    def __missing__(self, profile: str) -> str:
        # The rest are not remembered: reloads may bring ever other profiles.
        if len(self) >= self._limit:
            return OTHER
        with self._lock:
            return self.setdefault(profile, profile) if len(self) < self._limit else self.get(profile, OTHER)

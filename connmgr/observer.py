"""Whoever measures what a registry does, and is told of it as it happens."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol


class Observer(Protocol):
    """Told in the event loop, in the middle of the caller's work: it must be quick and not raise."""

    def checked_out(self, profile: str, seconds: float, error: BaseException | None) -> None:
        """Note that a caller waited so long and got a connection, or the error in place of one."""
        ...

    def checked_in(self, profile: str, seconds: float) -> None:
        """Note that a connection came back which was out for so long."""
        ...

    def connected(self, profile: str, seconds: float) -> None:
        """Note that a connect succeeded and took so long."""
        ...

    def running(self, profile: str) -> AbstractContextManager[object]:
        """Return what is entered around one call of `Registry.run`, with all its tries."""
        ...

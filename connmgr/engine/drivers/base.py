"""What connmgr needs of a driver."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from sqlalchemy.engine import URL

from connmgr.report import ServerInfo
from connmgr.secret import Secret


class Driver(Protocol):
    """One profile's way to its database, below SQLAlchemy.

    A *driver connection* is what the driver library itself calls a connection. The driver owns what
    its connections share (a TLS context, the anchor of a memory database); `close` ends that.
    """

    terminate_stops_work: bool
    """Whether `terminate` also ends what the database still does for the connection."""

    can_reset: bool
    """Whether `reset` does it; if not, a new connection costs less."""

    @property
    def url(self) -> URL:
        """The URL that names SQLAlchemy's dialect; holds no secret and is not used to connect."""
        ...

    @property
    def secrets(self) -> Iterable[Secret]:
        """The secrets in use, and the last before them, to be masked in messages."""
        ...

    async def connect(self, *args: Any, within: float | None = None, **kwargs: Any) -> Any:
        """Open a driver connection. SQLAlchemy's own arguments are ignored: the settings decide.

        Sets no deadline of its own over the whole: the caller does. `within` says in seconds how long that
        is, when it is not `timeouts.connect`. Cancelled, it leaves nothing open.
        """
        ...

    async def probe(self, connection: Any) -> ServerInfo:
        """Make one round trip and say what answered."""
        ...

    async def ping(self, connection: Any) -> None:
        """Make the cheapest round trip that shows the connection to be alive; sets no deadline."""
        ...

    async def reset(self, connection: Any) -> None:
        """Take away all that a session left: role, settings, temporary tables, locks, listeners, cursors.

        For a connection without an open transaction; one round trip, or none where nothing can be left.
        """
        ...

    def is_closed(self, connection: Any) -> bool:
        """Whether the driver knows the connection to be dead; free of I/O."""
        ...

    def is_in_transaction(self, connection: Any) -> bool:
        """Whether the database has begun a transaction on it; free of I/O."""
        ...

    def terminate(self, connection: Any) -> None:
        """Close at once, without a word to the server; never waits, and may be called twice."""
        ...

    async def close(self) -> None:
        """End what the connections shared. Connections themselves are closed by who opened them."""
        ...

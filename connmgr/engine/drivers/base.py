"""What connmgr needs of a driver."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, Protocol

from sqlalchemy.engine import URL

from connmgr.secret import Secret
from connmgr.server import ServerInfo, ServerLoad
from connmgr.settings import Settings


class Driver(Protocol):
    """One profile's way to its database, below SQLAlchemy.

    A *driver connection* is what the driver library itself calls a connection. The driver owns what
    its connections share (a TLS context, the anchor of a memory database); `close` ends that.
    """

    terminate_stops_work: bool
    """Whether `terminate` also ends what the database still does for the connection."""

    can_reset: bool
    """Whether `reset` does it; if not, a new connection costs less."""

    checks_integrity: bool
    """Whether `integrity` can tell anything."""

    @property
    def url(self) -> URL:
        """The URL that names SQLAlchemy's dialect; holds no secret and is not used to connect."""
        ...

    def adopt(self, settings: Settings) -> None:
        """Connect by other settings from now on, which name the same database, reached in the same way."""
        ...

    @property
    def secrets(self) -> Iterable[Secret]:
        """The secrets that are in use, were just before, or may be tried, to be masked in messages."""
        ...

    @property
    def secret_trouble(self) -> str | None:
        """Why a source gives no secret while the last good one serves; None when all is well; no I/O."""
        ...

    async def connect(self, *args: Any, within: float | None = None, **kwargs: Any) -> Any:
        """Open a driver connection. SQLAlchemy's own arguments are ignored: the settings decide.

        Sets no deadline of its own over the whole: the caller does. `within` says in seconds how long that
        is, when it is not `timeouts.connect`. Cancelled, it leaves nothing open.
        """
        ...

    @property
    def identity(self) -> Hashable:
        """Whatever makes two profiles' checks the same: the database, the way to it, and the user."""
        ...

    @property
    def servers(self) -> tuple[Hashable, ...]:
        """Who may have to bear the connections: a server has several databases."""
        ...

    def address(self, connection: Any) -> Hashable:
        """Which of them a connection leads to."""
        ...

    def lasts(self, connection: Any) -> float | None:
        """For how many seconds more the secret lives that a connection was made with; None for one without an
        end; free of I/O.
        """
        ...

    async def probe(self, connection: Any) -> ServerInfo:
        """Make one round trip and say what answered.

        Raises:
            OSError: what answered is no longer what `target_session_attrs` wants.
        """
        ...

    async def load(self, connection: Any) -> ServerLoad | None:
        """Say how full the server is, and how far behind; None for a database without a server."""
        ...

    async def integrity(self, connection: Any) -> str | None:
        """Read the whole database and return `ok` or what is wrong; None where that cannot be asked."""
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

    def was_ended_in_sql(self, connection: Any) -> bool:
        """Whether the transaction that the driver began is over, and somebody's SQL ended it; free of I/O.

        False where that cannot be known.
        """
        ...

    def terminate(self, connection: Any) -> None:
        """Close at once, without a word to the server; never waits, and may be called twice."""
        ...

    async def close(self) -> None:
        """End what the connections shared. Connections themselves are closed by who opened them."""
        ...

"""An asyncpg connection of which one round trip takes away all that a session left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import asyncpg

if TYPE_CHECKING:
    _Connection = asyncpg.Connection[asyncpg.Record]
else:
    _Connection = asyncpg.Connection  # generic in its stubs alone

# DISCARD ALL, but for the statements that the driver prepared: it would go on to execute them by name. User
# and role come first, for those that the session took on may lack a right to what follows; not in every
# release does the user bring back a role of the start-up packet. RESET ALL comes before any name is looked
# up: the session may have put functions of its own on the search path.
_RESET: Final = """\
SET SESSION AUTHORIZATION DEFAULT;
RESET ROLE;
RESET ALL;
CLOSE ALL;
UNLISTEN *;
SELECT pg_catalog.pg_advisory_unlock_all();
DISCARD SEQUENCES;
DISCARD TEMP;
DO LANGUAGE plpgsql $$
DECLARE
    statement pg_catalog.text;
BEGIN
    FOR statement IN SELECT name FROM pg_catalog.pg_prepared_statements WHERE from_sql LOOP
        EXECUTE pg_catalog.format('DEALLOCATE %I', statement);
    END LOOP;
END $$
"""


class ResettableConnection(_Connection):
    """What `asyncpg.connect` returns, with a `reset` to what the connection was when it was new.

    Settings go back to those of the start-up packet, the database and the role. Extensions that keep state
    of their own (dblink, postgres_fdw), type codecs and `setseed` are beyond it, as beyond DISCARD ALL.
    """

    __slots__ = ()

    # Those of asyncpg's, which its stubs leave out.
    _query_loggers: set[object]
    _termination_listeners: set[object]

    def get_reset_query(self) -> str:
        return _RESET

    async def reset(self, *, timeout: float | None = None) -> None:
        """Reset the session on the server, in one round trip, and forget all callbacks, whoever set them.

        A session that ended with a transaction open, which only a BEGIN of its own can bring about, costs
        a round trip more.

        Raises:
            asyncpg.PostgresError: the server refused, so the connection cannot be used again; for one,
                since no right to plpgsql was left.
        """
        # asyncpg forgets its other listeners by itself. A logger of queries would see the next user's.
        self._query_loggers.clear()
        self._termination_listeners.clear()
        await super().reset(timeout=timeout)

"""An asyncpg connection that knows what became of its COMMIT."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

import asyncpg

from connmgr.engine.drivers.reset import ResettableConnection
from connmgr.engine.drivers.sockets import has_unread
from connmgr.engine.marks import mark_unanswered

_COMMIT: Final = "COMMIT;"
"""What asyncpg's transactions send; SQLAlchemy commits through them."""

_TURNS: Final = 5
"""Of the event loop: for the last words, for the end of the stream, and for what each sets going."""

_ANSWER: Final = "ERROR"
_COMPLETION_UNKNOWN: Final = "40003"


class CommittingConnection(ResettableConnection):
    """Tells a COMMIT that was refused from one that was sent and never answered.

    A server that answers with an error has rolled back. One that goes away instead, or says that it ends the
    connection, may have committed before: the error is marked, and `failure_of` says `outcome_unknown`. A
    connection that was closed before had no COMMIT to send.
    """

    __slots__ = ()

    # asyncpg's, which its stubs leave out.
    _transport: asyncio.Transport

    def execute(self, query: str, *args: Any, timeout: float | None = None) -> Coroutine[Any, Any, str]:
        """Execute as asyncpg does.

        Raises:
            asyncpg.InFailedSQLTransactionError: the server rolled back where COMMIT was asked, because a
                statement before it had failed and its error was caught. PostgreSQL says so in the command's
                tag alone, and whoever does not look takes what was lost for saved.
        """
        if query == _COMMIT:
            return self._commit(timeout)
        return super().execute(query, *args, timeout=timeout)

    async def _commit(self, timeout: float | None) -> str:
        await self._hear_the_server_out()
        was_open = not self.is_closed()
        try:
            status = await super().execute(_COMMIT, timeout=timeout)
        except BaseException as error:
            if was_open and not is_answer(error):
                mark_unanswered(error)
            raise
        if status == "ROLLBACK":
            raise asyncpg.InFailedSQLTransactionError(
                "rolled back, not committed: an earlier statement of the transaction had failed"
            )
        return status

    async def _hear_the_server_out(self) -> None:
        """Let the event loop read what came unasked: a server that has hung up gets no COMMIT any more, and
        nobody need wonder what came of it.
        """
        for _ in range(_TURNS):
            if self.is_closed() or not has_unread(self._transport.get_extra_info("socket")):
                return
            await asyncio.sleep(0)


def is_answer(error: BaseException) -> bool:
    """Whether the server said that it did not do it; what asyncpg says by itself has no severity."""
    return getattr(error, "severity_en", None) == _ANSWER and error.sqlstate != _COMPLETION_UNKNOWN  # type: ignore[attr-defined] # it is a server's, then

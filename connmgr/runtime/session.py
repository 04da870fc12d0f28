"""Sessions that hold a lease on their engine and always close, in bounded time."""

from __future__ import annotations

import asyncio
from typing import Any, Self

from sqlalchemy import Connection, RootTransaction, event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, SessionTransaction

from connmgr.engine.cleanup import finish
from connmgr.errors import CommitInRun, CommitOutcomeUnknown, ConnmgrError
from connmgr.runtime.ending import cut, end, is_in_transaction, note_failed_close
from connmgr.runtime.handle import Handle

_NO_TURNS = (0, 0)
_TURNS_OF_ASYNCIO, _TURNS_OF_OTHERS = (3, 3), (1, 2)
"""Turns that other tasks have before and after the end of a session that worked.

With them the event loop takes more of the servers' answers at once: ten sessions at a time get a tenth more
done (benchmarks.pool). SQLAlchemy's own close leaves as many, to a task of its own. More are of use in
asyncio's loop, and of harm in uvloop.
"""


class _TrackedSession(Session):
    """Remembers its connection, so that it can be closed hard when its server is gone."""

    current: Connection | None = None
    begun: RootTransaction | None = None
    refuses_commits = False

    def begin(self, nested: bool = False) -> SessionTransaction:
        """Begin as SQLAlchemy does; what begins a transaction by hand will commit it."""
        if not nested:
            self._refuse_commit()
        return super().begin(nested=nested)

    def _refuse_commit(self) -> None:
        if self.refuses_commits:
            raise CommitInRun(
                "work that `run` may repeat does not commit by itself, it would be applied twice: leave that "
                "to `run`, use `begin_nested` for a part that may fail, or `session` to commit by hand"
            )


@event.listens_for(_TrackedSession, "before_commit")
def _refuse(session: _TrackedSession) -> None:
    """Refuse a commit however it is asked for; that of a savepoint ends nothing."""
    if not session.in_nested_transaction():
        session._refuse_commit()


@event.listens_for(_TrackedSession, "after_begin")
def _remember(session: _TrackedSession, _transaction: SessionTransaction, connection: Connection) -> None:
    session.current = connection
    session.begun = connection.get_transaction()


class ManagedSession(AsyncSession):
    """An AsyncSession of one profile. As a context manager, or closed by hand; closed once and for all.

    An error in the `async with` block rolls back, is logged once, and passes through unchanged with a
    note that carries the profile and the pool's counters. With `commits`, leaving without one commits.
    With `autocommit` each statement stays once it has run; `commit` and `rollback` have nothing to do.
    """

    sync_session_class = _TrackedSession
    sync_session: _TrackedSession

    def __init__(self, handle: Handle, *, commits: bool = False, autocommit: bool | None = None) -> None:
        engine = handle.engine_for(autocommit=autocommit)
        if commits and engine is not handle.engine:
            raise ConnmgrError(
                f"profile {handle.name!r}: begin promises a transaction, and with autocommit there is none; "
                "use session(name), or begin(name, autocommit=False)"
            )
        self._handle = handle
        self._commits = commits
        self._is_logged = True
        self.is_outcome_unknown = False
        """Whether its own COMMIT was sent and not answered."""
        self._lease = handle.lease()
        super().__init__(
            engine,
            expire_on_commit=handle.settings.session.expire_on_commit,
            # Used again after close, a session would check connections out that no lease covers.
            close_resets_only=False,
        )

    @property
    def handle(self) -> Handle:
        """The engine in service that the session holds."""
        return self._handle

    def may_be_repeated(self) -> None:
        """Let nobody commit but this session itself, as its block ends; and leave it to log its errors to
        whoever repeats it.
        """
        self.sync_session.refuses_commits = True
        self._is_logged = False

    def was_ended_below(self) -> bool:
        """Whether its transaction was ended, and not through the session: on its connection, or in SQL."""
        connection = self.sync_session.current
        if connection is None or connection.closed or connection.invalidated:
            return False
        if not self.sync_session.in_transaction():
            return False
        if connection.get_transaction() is not self.sync_session.begun:
            return True
        return self._handle.driver.was_ended_in_sql(connection.connection.driver_connection)

    @property
    def lost_connection(self) -> bool:
        """Whether its connection was found dead."""
        connection = self.sync_session.current
        return connection is not None and not connection.closed and connection.invalidated

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, type_: Any, value: BaseException | None, traceback: Any) -> None:
        if value is None and self._commits:
            self.sync_session.refuses_commits = False
            try:
                await self.commit()
            except BaseException as error:
                await self._close_after(error)
                self._raise_when_unknown(error)
                raise
        if value is not None:
            await self._close_after(value)
            return
        try:
            await self.close()
        except Exception as error:
            self._handle.annotate(error)
            raise

    def _raise_when_unknown(self, error: BaseException) -> None:
        if isinstance(error, Exception) and self._handle.classify(error).outcome_unknown:
            self.is_outcome_unknown = True
            raise CommitOutcomeUnknown(
                f"profile {self._handle.name!r}: the connection was lost while the answer to COMMIT was due; "
                "look whether the transaction stands before you repeat it, or give `run` a `confirm`"
            ) from error

    async def _close_after(self, error: BaseException) -> None:
        """Close without letting an error of the close take the place of the one in progress."""
        self._handle.annotate(error, logs_it=self._is_logged)
        try:
            await self.close()
        except Exception as while_closing:  # noqa: BLE001 - the error in progress is the caller's
            note_failed_close(self._handle, while_closing)

    async def close(self) -> None:
        """Roll back what is open and return the connection, within `timeouts.close` even from a dead peer."""
        try:
            if self.sync_session.in_transaction():
                connection = self.sync_session.current
                turns = self._turns_for_others(connection)
                work = end(self._handle, connection, super().close())
                await finish(work, self._handle.meter.closing, self._cut, turns=turns)
            else:
                # Nothing has begun: no connection, nothing to wait for, no need of a greenlet that could.
                self.sync_session.close()
        finally:
            self._lease.release()

    def _turns_for_others(self, connection: Connection | None) -> tuple[int, int]:
        if connection is None:
            return _NO_TURNS
        if self.bind is self._handle.engine and not is_in_transaction(self._handle, connection):
            return _NO_TURNS
        is_own = isinstance(asyncio.get_running_loop(), asyncio.BaseEventLoop)
        return _TURNS_OF_ASYNCIO if is_own else _TURNS_OF_OTHERS

    def _cut(self) -> None:
        """Close the session's connection hard: its server did not answer the rollback in time."""
        cut(self._handle, self.sync_session.current)

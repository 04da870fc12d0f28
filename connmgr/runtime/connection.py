"""Core connections that hold a lease on their engine and always close, in bounded time."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from connmgr.engine.cleanup import finish
from connmgr.runtime.ending import cut, is_lost, note_failed_close, note_loss
from connmgr.runtime.handle import Handle


class ConnectionScope:
    """Checks a connection out on entry and returns it on exit; errors as for a session."""

    def __init__(self, handle: Handle, *, autocommit: bool | None = None) -> None:
        self._handle = handle
        self._lease = handle.lease()
        self._connection = handle.engine_for(autocommit=autocommit).connect()

    async def __aenter__(self) -> AsyncConnection:
        try:
            return await self._connection.start()
        except BaseException as error:
            self._lease.release()
            self._handle.annotate(error)
            raise

    async def __aexit__(self, type_: Any, value: BaseException | None, traceback: Any) -> None:
        if value is not None:
            self._handle.annotate(value)
        try:
            await finish(self._connection.close(), self._handle.meter.closing, self._cut)
        except Exception as error:
            if is_lost(error):
                note_loss(self._handle, error)
            elif value is not None:
                note_failed_close(self._handle, error)
            else:
                self._handle.annotate(error)
                raise
        finally:
            self._lease.release()

    def _cut(self) -> None:
        cut(self._handle, self._connection.sync_connection)

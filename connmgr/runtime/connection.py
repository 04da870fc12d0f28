"""Core connections that hold a lease on their engine and always close, in bounded time."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from connmgr.engine.cleanup import finish
from connmgr.runtime.ending import cut, end, note_failed_close
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
            work = end(self._handle, self._connection.sync_connection, self._connection.close())
            await finish(work, self._handle.meter.closing, self._cut)
        except Exception as error:
            if value is None:
                self._handle.annotate(error)
                raise
            note_failed_close(self._handle, error)
        finally:
            self._lease.release()

    def _cut(self) -> None:
        cut(self._handle, self._connection.sync_connection)

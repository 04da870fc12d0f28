"""SQLite through aiosqlite: a thread per connection, one shared memory database per profile."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import uuid
from collections.abc import Iterable
from typing import Any, cast

import aiosqlite
from sqlalchemy.engine import URL

from connmgr.report import ServerInfo
from connmgr.secret import Secret
from connmgr.settings import Settings
from connmgr.target import SQLiteTarget

BUSY_TIMEOUT = 5.0
"""Seconds that a statement waits for another connection's lock before `database is locked`."""


class SQLiteDriver:
    """aiosqlite connections to one file, or to one memory database.

    The memory database lives in SQLite's shared `memdb` VFS. It exists as long as one connection to it
    does, so the driver keeps an anchor open; each session has a connection of its own, because two
    sessions on one connection would share a transaction and the rollback of one would take the other's
    rows with it.
    """

    terminate_stops_work = True

    def __init__(self, settings: Settings) -> None:
        target = cast(SQLiteTarget, settings.target)
        self._path = target.path
        self._memory_name = f"connmgr-{uuid.uuid4().hex}"
        self._anchor: sqlite3.Connection | None = None
        self._ending: set[asyncio.Future[Any]] = set()

    @property
    def url(self) -> URL:
        return URL.create("sqlite+aiosqlite", database=self._path)

    @property
    def secrets(self) -> Iterable[Secret]:
        return ()

    async def connect(self, *_args: Any, within: float | None = None, **_kwargs: Any) -> aiosqlite.Connection:
        """Open a connection with its pragmas set, all in one hop to its thread."""
        if self._path is None and self._anchor is None:
            self._anchor = self._open()
        connection = aiosqlite.Connection(self._open, iter_chunk_size=64)
        # A forgotten connection must not keep the interpreter from ending.
        connection._thread.daemon = True
        opening = asyncio.ensure_future(self._opened(connection))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            # The thread cannot be called back. Dropping the task would leave its file open; waiting for
            # it here would hold up the caller for as long as the file is locked.
            self._own(asyncio.ensure_future(_close_when_open(opening)))
            raise

    async def _opened(self, connection: aiosqlite.Connection) -> aiosqlite.Connection:
        try:
            return await connection
        except BaseException:
            # aiosqlite stops its thread and does not wait for that.
            self._own(asyncio.ensure_future(asyncio.to_thread(connection._thread.join)))
            raise

    def _own(self, ending: asyncio.Future[Any]) -> None:
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    def _open(self) -> sqlite3.Connection:
        """Open and configure; runs in the connection's thread."""
        if self._path is None:
            uri = f"file:/{self._memory_name}?vfs=memdb"
            connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT, check_same_thread=False)
        else:
            connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT, check_same_thread=False)
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            if self._path is not None:
                _use_write_ahead_log(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    async def probe(self, connection: aiosqlite.Connection) -> ServerInfo:
        # Reads the file's header: `SELECT 1` alone would find a file of garbage healthy.
        async with connection.execute("PRAGMA schema_version"):
            return ServerInfo("SQLite", sqlite3.sqlite_version, None)

    async def ping(self, connection: aiosqlite.Connection) -> None:
        """Nothing to ask: there is no server that could be gone, and the thread is in this process."""

    async def reset(self, connection: aiosqlite.Connection) -> None:
        """Close it: a new one costs less than finding the tables and pragmas that a session left."""
        await connection.close()

    def is_closed(self, connection: aiosqlite.Connection) -> bool:
        return connection._connection is None or not connection._running

    def is_in_transaction(self, connection: aiosqlite.Connection) -> bool:
        return not self.is_closed(connection) and connection.in_transaction

    def terminate(self, connection: aiosqlite.Connection) -> None:
        if self.is_closed(connection):
            return
        with contextlib.suppress(sqlite3.Error):
            connection._conn.interrupt()
        stopped = connection.stop()
        if stopped is not None:
            self._own(stopped)

    async def close(self) -> None:
        # The threads report their end to this event loop; it must not close before they have.
        # One that ends may leave another: a failed open is followed by the end of its thread.
        while self._ending:
            await asyncio.wait(self._ending)
        if self._anchor is not None:
            self._anchor.close()
            self._anchor = None


async def _close_when_open(opening: asyncio.Future[aiosqlite.Connection]) -> None:
    with contextlib.suppress(Exception):
        await (await opening).close()


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Let readers go on while one connection writes. A file that may only be read keeps its mode."""
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as exc:
        if exc.sqlite_errorname not in {"SQLITE_READONLY", "SQLITE_READONLY_DIRECTORY"}:
            raise

"""SQLite through aiosqlite: a thread per connection, one shared memory database per profile."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import uuid
from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import Any, cast

import aiosqlite
from sqlalchemy.engine import URL

from connmgr.engine.drivers.sqlite_connection import Connection, keep_to_own_file, path_to_open
from connmgr.secret import Secret
from connmgr.server import ServerInfo, ServerLoad
from connmgr.settings import Settings
from connmgr.target import SQLiteTarget

BUSY_TIMEOUT = 5.0
"""Seconds that a statement waits for another connection's lock before `database is locked`."""

INTERRUPT_AGAIN = 0.05
"""Seconds from one interrupt of a statement to the next, until its thread ends."""


class SQLiteDriver:
    """aiosqlite connections to one file, or to one memory database.

    The memory database lives in SQLite's shared `memdb` VFS. It exists as long as one connection to it
    does, so the driver keeps an anchor open; each session has a connection of its own, because two
    sessions on one connection would share a transaction and the rollback of one would take the other's
    rows with it.
    """

    terminate_stops_work = True
    can_reset = False
    checks_integrity = True

    def __init__(self, settings: Settings) -> None:
        self._target = cast(SQLiteTarget, settings.target)
        self._memory_name = f"connmgr-{uuid.uuid4().hex}"
        self._anchor: sqlite3.Connection | None = None
        self._ending: set[asyncio.Future[Any]] = set()

    @property
    def url(self) -> URL:
        return URL.create("sqlite+aiosqlite", database=self._target.path)

    def adopt(self, settings: Settings) -> None:
        """Nothing: what a connection depends on is where it leads."""

    @property
    def secrets(self) -> Iterable[Secret]:
        return ()

    @property
    def secret_trouble(self) -> str | None:
        return None

    async def connect(self, *_args: Any, within: float | None = None, **_kwargs: Any) -> aiosqlite.Connection:
        """Open a connection with its pragmas set, all in one hop to its thread."""
        if self._target.path is None and self._anchor is None:
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
        if self._target.path is None:
            path = f"file:/{self._memory_name}?vfs=memdb"
        else:
            path = path_to_open(self._target)
        connection = sqlite3.connect(
            path,
            uri=self._target.path is None,
            timeout=BUSY_TIMEOUT,
            check_same_thread=False,
            factory=Connection,
        )
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            if self._target.path is not None:
                _use_write_ahead_log(connection)
            if not self._target.allow_attach:
                keep_to_own_file(connection)
            connection.file = _file(self._target.path)
        except BaseException:
            connection.close()
            raise
        return connection

    @property
    def identity(self) -> Hashable:
        return (SQLiteDriver, self._target.path or self._memory_name)

    @property
    def servers(self) -> tuple[Hashable, ...]:
        return (self.identity,)

    def address(self, connection: aiosqlite.Connection) -> Hashable:
        return self.identity

    def lasts(self, connection: aiosqlite.Connection) -> float | None:
        return None

    async def probe(self, connection: aiosqlite.Connection) -> ServerInfo:
        # One hop to its thread for all of it; aiosqlite's own methods take one each.
        run: Callable[..., Awaitable[ServerInfo]] = connection._execute
        return await run(self._look, connection._conn)

    def _look(self, connection: sqlite3.Connection) -> ServerInfo:
        # An open file can still be read when it was deleted, or another put in its place.
        if getattr(connection, "file", None) != _file(self._target.path):
            raise sqlite3.OperationalError("the database's file is another one now, or gone")
        # Reads the file's header: `SELECT 1` alone would find a file of garbage healthy.
        connection.execute("PRAGMA schema_version").close()
        size = None
        if self._target.path is not None:
            with contextlib.suppress(OSError):  # another journal mode has none
                size = os.stat(f"{self._target.path}-wal").st_size  # noqa: PTH116
        return ServerInfo("SQLite", sqlite3.sqlite_version, None, wal_bytes=size)

    async def load(self, connection: aiosqlite.Connection) -> ServerLoad | None:
        return None

    async def integrity(self, connection: aiosqlite.Connection) -> str | None:
        async with connection.execute("PRAGMA quick_check(1)") as cursor:
            row = await cursor.fetchone()
        return str(row[0]) if row else None

    async def ping(self, connection: aiosqlite.Connection) -> None:
        """Nothing to ask: there is no server that could be gone, and the thread is in this process."""

    async def reset(self, connection: aiosqlite.Connection) -> None:
        """Nothing: a new connection costs less than finding the tables and pragmas that a session left."""

    def is_closed(self, connection: aiosqlite.Connection) -> bool:
        return connection._connection is None or not connection._running

    def is_in_transaction(self, connection: aiosqlite.Connection) -> bool:
        return not self.is_closed(connection) and connection.in_transaction

    def was_ended_in_sql(self, connection: aiosqlite.Connection) -> bool:
        return False  # sqlite3 begins none before the first write

    def terminate(self, connection: aiosqlite.Connection) -> None:
        """Interrupt what runs, roll back and close; the thread ends by itself and `close` sees it end.

        A statement that waits for another connection's lock cannot be interrupted: its thread ends when it
        has the lock, or after `BUSY_TIMEOUT`, and it writes nothing.
        """
        if self.is_closed(connection):
            return
        stopped = connection.stop()
        if stopped is None:  # collected without an event loop
            _interrupt(connection)
        else:
            self._own(stopped)
            self._interrupt_until(stopped, connection)

    def _interrupt_until(self, stopped: asyncio.Future[Any], connection: aiosqlite.Connection) -> None:
        """Interrupt until the thread ends: what it has yet to begin, one interrupt does not reach.

        Such a statement would run for as long as it takes, and nobody could end it any more.
        """
        if not stopped.done():
            _interrupt(connection)
            stopped.get_loop().call_later(INTERRUPT_AGAIN, self._interrupt_until, stopped, connection)

    async def close(self) -> None:
        # The threads report their end to this event loop; it must not close before they have.
        # One that ends may leave another: a failed open is followed by the end of its thread.
        # One that waits for a lock of another process's takes `BUSY_TIMEOUT` at most.
        while self._ending:
            await asyncio.wait(self._ending)
        if self._anchor is not None:
            self._anchor.close()
            self._anchor = None


def _file(path: str | None) -> tuple[int, int] | None:
    """Return what tells a file from another one of the same name."""
    if path is None:
        return None
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _interrupt(connection: aiosqlite.Connection) -> None:
    with contextlib.suppress(sqlite3.Error, ValueError):  # it has just been closed
        connection._conn.interrupt()


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

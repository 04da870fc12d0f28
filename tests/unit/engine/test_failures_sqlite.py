"""SQLite's errors, as SQLAlchemy and aiosqlite raise them, are classified."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from connmgr.engine.failures import classify
from connmgr.failure import Failure, FailureKind
from tests.rig.wait import wait_until


@asynccontextmanager
async def connection_to(path: Path, **connect_args: object) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", poolclass=NullPool, connect_args=connect_args)
    others = set(threading.enumerate())
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        # aiosqlite does not wait for the thread of a connection that could not be opened, and the thread
        # reports its end to the event loop: to a closed one, if the test were over by then.
        await wait_until(lambda: others.issuperset(threading.enumerate()), what="aiosqlite's thread to end")


async def execute(path: Path, *statements: str, **connect_args: object) -> None:
    async with connection_to(path, **connect_args) as connection:
        for statement in statements:
            await connection.execute(text(statement))


async def failure_of(path: Path, *statements: str, **connect_args: object) -> Failure:
    with pytest.raises(DBAPIError) as caught:
        await execute(path, *statements, **connect_args)
    return classify(caught.value)


async def test_a_directory_that_is_not_there_is_a_missing_database(tmp_path: Path) -> None:
    failure = await failure_of(tmp_path / "nosuch" / "orders.db")

    assert (failure.kind, failure.type) == (FailureKind.DATABASE_MISSING, "OperationalError")
    assert failure.message == "unable to open database file"
    assert "never its directory" in failure.hint


async def test_a_file_of_something_else_is_not_a_database(tmp_path: Path) -> None:
    path = tmp_path / "orders.db"
    path.write_bytes(b"this is not a database" * 100)

    failure = await failure_of(path, "SELECT * FROM sqlite_schema")

    assert (failure.kind, failure.message) == (FailureKind.NOT_A_DATABASE, "file is not a database")
    assert "no SQLite database" in failure.hint


async def test_a_write_where_only_reading_is_allowed_is_read_only(tmp_path: Path) -> None:
    failure = await failure_of(tmp_path / "orders.db", "PRAGMA query_only = ON", "CREATE TABLE orders (id)")

    assert failure.kind is FailureKind.READ_ONLY
    assert "may write" in failure.hint


async def test_a_lock_that_another_connection_keeps_is_busy(tmp_path: Path) -> None:
    path = tmp_path / "orders.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        failure = await failure_of(path, "SELECT * FROM sqlite_schema", timeout=0.01)
    finally:
        other.close()

    assert failure.kind is FailureKind.BUSY
    assert "write transaction" in failure.hint


async def test_a_connection_closed_under_the_session_is_lost(tmp_path: Path) -> None:
    async with connection_to(tmp_path / "orders.db") as connection:
        raw = await connection.get_raw_connection()
        await raw.driver_connection.close()
        with pytest.raises(DBAPIError) as caught:
            await connection.execute(text("SELECT 1"))

    failure = classify(caught.value)

    assert caught.value.connection_invalidated
    assert failure.kind is FailureKind.CONNECTION_LOST
    assert classify(ExceptionGroup("tasks", [caught.value])) == failure


def test_a_closed_sqlite_connection_is_lost() -> None:
    connection = sqlite3.connect(":memory:")
    connection.close()
    with pytest.raises(sqlite3.ProgrammingError) as caught:
        connection.execute("SELECT 1")

    assert classify(caught.value).kind is FailureKind.CONNECTION_LOST


async def test_a_mistake_in_a_statement_is_syntax_and_the_statement_is_not_shown(tmp_path: Path) -> None:
    failure = await failure_of(tmp_path / "orders.db", "SELECT name FROM orders WHERE card = '4111'")

    assert (failure.kind, failure.message) == (FailureKind.SYNTAX, "no such table: orders")

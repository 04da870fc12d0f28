"""What a SQLite database refuses is classified: kind, constraint, what a retry can do."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from connmgr import Constraint, ConstraintKind, FailureKind, Registry
from tests.rig.failed import failure_in

Load = Callable[..., Registry]
NAME = "orders"
BUSY = "PRAGMA busy_timeout = 10"
TABLES = """
CREATE TABLE customer (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, age INTEGER, CONSTRAINT grown CHECK (age > 17)
);
CREATE TABLE pair (a INTEGER, b INTEGER, UNIQUE (a, b));
CREATE TABLE purchase (customer INTEGER REFERENCES customer);
CREATE TABLE strict (number INTEGER) STRICT;
INSERT INTO customer VALUES (1, 'Ada', 36);
INSERT INTO pair VALUES (1, 2);
"""
ROW = FailureKind.CONSTRAINT
CASES = [
    ("INSERT INTO customer VALUES (1, 'Bob', 40)", ROW, ("unique", "customer", "id", None)),
    ("INSERT INTO customer VALUES (2, 'Ada', 40)", ROW, ("unique", "customer", "name", None)),
    ("INSERT INTO pair VALUES (1, 2)", ROW, ("unique", "pair", None, None)),
    ("INSERT INTO customer VALUES (2, NULL, 40)", ROW, ("not_null", "customer", "name", None)),
    ("INSERT INTO customer VALUES (2, 'Bob', 7)", ROW, ("check", None, None, "grown")),
    ("INSERT INTO purchase VALUES (7)", ROW, ("foreign_key", None, None, None)),
    ("INSERT INTO strict VALUES ('x')", ROW, None),
    ("SELEKT 1", FailureKind.SYNTAX, None),
    ("SELECT * FROM nosuch", FailureKind.SYNTAX, None),
    ("SELECT randomblob(2000000000)", FailureKind.DATA, None),
    ("ATTACH 'other.db' AS other", FailureKind.PRIVILEGE, None),
    ("PRAGMA query_only = on; DELETE FROM pair", FailureKind.READ_ONLY, None),
    ("PRAGMA max_page_count = 1; CREATE TABLE another (a)", FailureKind.DISK_FULL, None),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "orders.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(TABLES)
    connection.close()
    return path


@pytest.fixture
async def registry(load: Load, path: Path) -> AsyncIterator[Registry]:
    async with load(orders={"url": f"sqlite:///{path}"}) as registry:
        yield registry


async def run(registry: Registry, sql: str) -> None:
    async with registry.begin(NAME) as session:
        for statement in sql.split("; "):
            await session.execute(text(statement))


@pytest.mark.parametrize(("sql", "kind", "constraint"), CASES, ids=[case[0] for case in CASES])
async def test_each_is_what_it_is(
    registry: Registry, sql: str, kind: FailureKind, constraint: tuple[str, ...] | None
) -> None:
    found = await failure_in(run(registry, sql))

    assert (found.kind, found.retry_transaction) == (kind, False)
    expected = None
    if constraint is not None:
        expected = Constraint(ConstraintKind(constraint[0]), *constraint[1:])
    assert found.constraint == expected


async def test_a_lock_that_another_connection_keeps_is_busy_and_may_pass(
    registry: Registry, path: Path
) -> None:
    with sqlite3.connect(path) as other:
        other.execute("BEGIN IMMEDIATE")

        found = await failure_in(run(registry, f"{BUSY}; DELETE FROM pair"))
    other.close()

    assert (found.kind, found.retry_transaction) == (FailureKind.BUSY, True)


async def test_run_does_a_transaction_again_that_could_not_get_the_lock(
    registry: Registry, path: Path
) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    calls = 0

    async def work(session: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            other.execute("ROLLBACK")
        await session.execute(text(BUSY))  # type: ignore[attr-defined]
        await session.execute(text("DELETE FROM pair"))  # type: ignore[attr-defined]

    await registry.run(NAME, work)
    other.close()

    assert calls == 2


async def test_a_table_that_is_still_read_cannot_be_dropped(registry: Registry) -> None:
    async with registry.session(NAME) as session:
        await session.execute(text("INSERT INTO pair VALUES (5, 6)"))
        raw = (await (await session.connection()).get_raw_connection()).driver_connection
        cursor = await raw.execute("SELECT * FROM pair")
        await cursor.fetchone()

        found = await failure_in(session.execute(text("DROP TABLE pair")))

        await cursor.close()
    assert found.kind is FailureKind.LOCKED


@pytest.fixture
def damaged(path: Path) -> Path:
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    return path


async def test_a_damaged_file_is_corrupt(load: Load, damaged: Path) -> None:
    async with load(orders={"url": f"sqlite:///{damaged}"}) as registry:
        found = await failure_in(run(registry, "SELECT * FROM customer"))

    assert found.kind is FailureKind.CORRUPT


@pytest.fixture
def other(tmp_path: Path) -> Path:
    path = tmp_path / "other.db"
    path.write_bytes(b"no database" * 1000)
    return path


async def test_a_file_of_something_else_is_not_a_database(load: Load, other: Path) -> None:
    async with load(orders={"url": f"sqlite:///{other}"}) as registry:
        found = await failure_in(run(registry, "SELECT * FROM customer"))

    assert found.kind is FailureKind.NOT_A_DATABASE


async def test_a_statement_that_is_interrupted_is_cancelled(registry: Registry) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    async with registry.session(NAME) as session:
        raw = (await (await session.connection()).get_raw_connection()).driver_connection
        asyncio.get_running_loop().call_later(0.1, raw._conn.interrupt)

        found = await failure_in(session.execute(text(endless)))

    assert found.kind is FailureKind.CANCELLED

"""What a statement of one session does wrong is classified: kind, code, constraint, what a retry can do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
from sqlalchemy import text

from connmgr import Constraint, ConstraintKind, FailureKind, Registry, failure_of
from tests.rig.failed import error_of, failure_in
from tests.rig.postgres import PostgresServer

Load = Callable[..., Registry]
NAME = "orders"
RETRIED = {FailureKind.SERIALIZATION, FailureKind.DEADLOCK, FailureKind.STALE_STATEMENT}
TABLES = (
    "CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL,"
    " age int CONSTRAINT grown CHECK (age > 17))",
    "CREATE TABLE purchase (customer int CONSTRAINT buyer REFERENCES customer, at int4range,"
    " CONSTRAINT no_overlap EXCLUDE USING gist (at WITH &&))",
    "INSERT INTO customer VALUES (1, 'Ada', 36)",
    "INSERT INTO purchase VALUES (1, '[1, 5)')",
)


@dataclass(frozen=True)
class Case:
    """A statement, and what is to be said of it."""

    sql: str
    kind: FailureKind
    sqlstate: str
    constraint: Constraint | None = None


def raised(sqlstate: str, kind: FailureKind, message: str = "made up") -> Case:
    """What a real server cannot be brought to within a test, it can be told to raise."""
    return Case(
        f"DO $$ BEGIN RAISE SQLSTATE '{sqlstate}' USING MESSAGE = '{message}'; END $$", kind, sqlstate
    )


CASES = [
    Case(
        "INSERT INTO customer VALUES (1, 'Bob', 40)",
        FailureKind.CONSTRAINT,
        "23505",
        Constraint(ConstraintKind.UNIQUE, "customer", None, "customer_pkey"),
    ),
    Case(
        "INSERT INTO customer VALUES (2, NULL, 40)",
        FailureKind.CONSTRAINT,
        "23502",
        Constraint(ConstraintKind.NOT_NULL, "customer", "name"),
    ),
    Case(
        "INSERT INTO customer VALUES (2, 'Bob', 7)",
        FailureKind.CONSTRAINT,
        "23514",
        Constraint(ConstraintKind.CHECK, "customer", None, "grown"),
    ),
    Case(
        "INSERT INTO purchase VALUES (7, NULL)",
        FailureKind.CONSTRAINT,
        "23503",
        Constraint(ConstraintKind.FOREIGN_KEY, "purchase", None, "buyer"),
    ),
    Case(
        "DELETE FROM customer",
        FailureKind.CONSTRAINT,
        "23503",
        Constraint(ConstraintKind.FOREIGN_KEY, "purchase", None, "buyer"),
    ),
    Case(
        "INSERT INTO purchase VALUES (1, '[3, 9)')",
        FailureKind.CONSTRAINT,
        "23P01",
        Constraint(ConstraintKind.EXCLUSION, "purchase", None, "no_overlap"),
    ),
    Case("SELECT 1 / 0", FailureKind.DATA, "22012"),
    Case("SELECT 'x'::int", FailureKind.DATA, "22P02"),
    Case("SELECT 32768::int2", FailureKind.DATA, "22003"),
    Case("SELECT (SELECT generate_series(1, 2))", FailureKind.DATA, "21000"),
    Case("SELEKT 1", FailureKind.SYNTAX, "42601"),
    Case("SELECT * FROM nosuch", FailureKind.SYNTAX, "42P01"),
    Case("SELECT nosuch FROM customer", FailureKind.SYNTAX, "42703"),
    Case("SELECT nosuch(1)", FailureKind.SYNTAX, "42883"),
    Case("SELECT 1::nosuch", FailureKind.SYNTAX, "42704"),
    Case("CREATE TABLE nosuch.t (a int)", FailureKind.SYNTAX, "3F000"),
    Case("SELECT * FROM pg_authid", FailureKind.PRIVILEGE, "42501"),
    Case("SET statement_timeout = 20; SELECT pg_sleep(60)", FailureKind.STATEMENT_TIMEOUT, "57014"),
    Case("SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(60)", FailureKind.CANCELLED, "57014"),
    Case("SET TRANSACTION READ ONLY; DELETE FROM customer", FailureKind.READ_ONLY, "25006"),
    Case("EXECUTE nosuch", FailureKind.STALE_STATEMENT, "26000"),
    Case("PREPARE a AS SELECT 1; PREPARE a AS SELECT 1", FailureKind.STALE_STATEMENT, "42P05"),
    Case("DO $$ BEGIN RAISE 'no'; END $$", FailureKind.UNKNOWN, "P0001"),
    raised("40001", FailureKind.SERIALIZATION),
    raised("40P01", FailureKind.DEADLOCK),
    raised("53100", FailureKind.DISK_FULL),
    raised("53200", FailureKind.OUT_OF_MEMORY),
    raised("58030", FailureKind.DISK_FULL, "could not extend file: No space left on device"),
    raised("XX001", FailureKind.CORRUPT),
    raised("XX002", FailureKind.CORRUPT),
    raised("0A000", FailureKind.SYNTAX),
    raised("54001", FailureKind.SYNTAX),
    raised("XX000", FailureKind.UNKNOWN),
]


@pytest.fixture
async def registry(load: Load, postgres: PostgresServer, database: str) -> AsyncIterator[Registry]:
    async with load(orders={"url": postgres.url(dbname=database)}) as registry:
        async with registry.begin(NAME) as session:
            for statement in TABLES:
                await session.execute(text(statement))
        yield registry


async def run(registry: Registry, sql: str) -> None:
    async with registry.begin(NAME) as session:
        *first, last = sql.split("; ") if sql.startswith(("SET", "PREPARE")) else [sql]
        for statement in first:
            await session.execute(text(statement))
        await session.execute(text(last))


async def test_each_is_what_it_is(registry: Registry) -> None:
    wrong = []
    for case in CASES:
        found = await failure_in(run(registry, case.sql))

        expected = (case.kind, case.sqlstate, case.constraint, case.kind in RETRIED, False)
        told = (found.kind, found.sqlstate, found.constraint, found.retry_transaction, found.outcome_unknown)
        if told != expected or not found.hint:
            wrong.append(f"{case.sql}: {found}")

    assert not wrong, "\n".join(wrong)


async def test_a_value_of_the_wrong_type_is_data_before_it_is_sent(registry: Registry) -> None:
    async def work() -> None:
        async with registry.begin(NAME) as session:
            await session.execute(text("SELECT * FROM customer WHERE id = :id"), {"id": "seven"})

    found = await failure_in(work())

    assert (found.kind, found.type, found.retry_transaction) == (FailureKind.DATA, "DataError", False)
    assert "seven" not in found.message


async def test_a_statement_after_one_that_failed_is_aborted(registry: Registry) -> None:
    async with registry.session(NAME) as session:
        await error_of(session.execute(text("SELECT 1 / 0")))

        found = await failure_in(session.execute(text("SELECT 1")))

    assert (found.kind, found.sqlstate) == (FailureKind.TRANSACTION_ABORTED, "25P02")


async def test_a_commit_that_the_server_turned_into_a_rollback_is_an_error(registry: Registry) -> None:
    async def work() -> None:
        async with registry.begin(NAME) as session:
            await session.execute(text("INSERT INTO customer VALUES (9, 'Eve', 30)"))
            await error_of(session.execute(text("SELECT 1 / 0")))

    error = await error_of(work())

    assert "rolled back, not committed" in str(error)
    found = failure_of(error)
    assert (found.kind, found.outcome_unknown) == (FailureKind.TRANSACTION_ABORTED, False)
    async with registry.session(NAME) as session:
        assert await session.scalar(text("SELECT count(*) FROM customer WHERE id = 9")) == 0


async def test_the_error_is_noted_with_its_kind_and_what_to_do(registry: Registry) -> None:
    error = await error_of(run(registry, "SELECT 1 / 0"))

    notes = "\n".join(error.__notes__)
    assert "connmgr: profile 'orders'" in notes
    assert "connmgr: data: a value does not fit" in notes

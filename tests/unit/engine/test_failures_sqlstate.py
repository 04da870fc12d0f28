"""A server's refusal is classified by its SQLSTATE, through SQLAlchemy and asyncpg as they are."""

from __future__ import annotations

import pytest
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from connmgr.engine.failures import classify
from connmgr.failure import Failure, FailureKind
from tests.rig.ports import LOOPBACK
from tests.rig.wire import ErrorAnswer, ScriptedServer

NO_ENTRY = 'no pg_hba.conf entry for host "192.0.2.1", user "app", database "orders"'


async def failure_of_connecting(answer: ErrorAnswer) -> Failure:
    """Connect, as the application would, to a server that gives this answer."""
    async with ScriptedServer(answer) as server:
        url = URL.create("postgresql+asyncpg", "app", "x", LOOPBACK, server.port, "orders")
        engine = create_async_engine(url, poolclass=NullPool, connect_args={"ssl": False, "timeout": 5})
        with pytest.raises(DBAPIError) as caught:
            await engine.connect()
    return classify(caught.value)


@pytest.mark.parametrize(
    ("sqlstate", "message", "kind"),
    [
        ("28P01", 'password authentication failed for user "app"', FailureKind.AUTHENTICATION),
        ("28000", 'role "app" is not permitted to log in', FailureKind.AUTHENTICATION),
        ("28000", f"{NO_ENTRY}, SSL encryption", FailureKind.AUTHENTICATION),
        ("28000", f"{NO_ENTRY}, no encryption", FailureKind.TLS),
        ("28000", f"{NO_ENTRY}, SSL off", FailureKind.TLS),
        ("28000", "connection requires a valid client certificate", FailureKind.TLS),
        ("3D000", 'database "orders" does not exist', FailureKind.DATABASE_MISSING),
        ("42501", 'permission denied for database "orders"', FailureKind.AUTHENTICATION),
        ("53300", "sorry, too many clients already", FailureKind.TOO_MANY_CONNECTIONS),
        ("57P03", "the database system is starting up", FailureKind.STARTING_UP),
        ("57P03", "the database system is not yet accepting connections", FailureKind.STARTING_UP),
        ("57P03", "the database system is shutting down", FailureKind.SHUTTING_DOWN),
        ("57P03", "das Datenbanksystem startet", FailureKind.STARTING_UP),
        ("57P01", "terminating connection due to administrator command", FailureKind.SHUTTING_DOWN),
        ("57P02", "terminating connection because of crash", FailureKind.SHUTTING_DOWN),
        ("57P04", "terminating connection because database was dropped", FailureKind.DATABASE_MISSING),
        ("57P05", "terminating connection due to idle-session timeout", FailureKind.CONNECTION_LOST),
        ("25P03", "terminating connection due to idle-in-transaction timeout", FailureKind.CONNECTION_LOST),
        ("57014", "canceling authentication due to timeout", FailureKind.TIMEOUT),
        ("57014", "canceling statement due to user request", FailureKind.CANCELLED),
        ("55P03", "canceling statement due to lock timeout", FailureKind.LOCK_TIMEOUT),
        ("55P03", 'could not obtain lock on row in relation "stock"', FailureKind.LOCK_TIMEOUT),
        ("25006", "cannot execute INSERT in a read-only transaction", FailureKind.READ_ONLY),
        ("08006", "connection failure", FailureKind.CONNECTION_LOST),
        ("08P01", "protocol violation", FailureKind.CONNECTION_LOST),
        ("42501", "permission denied for table orders", FailureKind.PRIVILEGE),
        ("53200", "out of memory", FailureKind.OUT_OF_MEMORY),
        ("XX000", "internal error", FailureKind.UNKNOWN),
    ],
)
async def test_the_answer_decides_the_kind(sqlstate: str, message: str, kind: FailureKind) -> None:
    failure = await failure_of_connecting(ErrorAnswer(sqlstate, message))

    assert (failure.kind, failure.sqlstate, failure.message) == (kind, sqlstate, message)
    assert failure.hint


@pytest.mark.parametrize(
    ("sqlstate", "name"), [("28P01", "InvalidPasswordError"), ("53300", "TooManyConnectionsError")]
)
async def test_the_type_is_the_drivers_and_not_the_wrappers(sqlstate: str, name: str) -> None:
    failure = await failure_of_connecting(ErrorAnswer(sqlstate, "no"))

    assert failure.type == name

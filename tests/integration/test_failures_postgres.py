"""What a real PostgreSQL does to connections and statements is classified."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from connmgr.engine.failures import classify
from connmgr.engine.tls import build_context
from connmgr.failure import Failure, FailureKind
from connmgr.target import PostgresTarget, Server
from tests.rig.access import Access
from tests.rig.client import connected
from tests.rig.pki import Certificate, Pki
from tests.rig.postgres import PostgresServer
from tests.rig.template import Template
from tests.rig.wait import wait_until

PROGRAM = "failures-under-test"


@asynccontextmanager
async def connection_to(url: str, **settings: str) -> AsyncIterator[AsyncConnection]:
    """Connect through SQLAlchemy, as the application would; the server is told these settings."""
    engine = create_async_engine(
        url.replace("postgresql:", "postgresql+asyncpg:"),
        poolclass=NullPool,
        connect_args={
            "ssl": False,
            "timeout": 5,
            "server_settings": {"application_name": PROGRAM, **settings},
        },
    )
    async with engine.connect() as connection:
        yield connection


async def failure_of(url: str, statement: str = "SELECT 1", **settings: str) -> Failure:
    with pytest.raises(DBAPIError) as caught:
        async with connection_to(url, **settings) as connection:
            await connection.execute(text(statement))
    return classify(caught.value)


async def test_a_wrong_password_is_authentication(postgres: PostgresServer) -> None:
    failure = await failure_of(postgres.url(password="wrong"))

    assert (failure.kind, failure.type) == (FailureKind.AUTHENTICATION, "InvalidPasswordError")
    assert failure.sqlstate == "28P01"


async def test_no_password_is_authentication(postgres: PostgresServer) -> None:
    failure = await failure_of(postgres.url(password=""))

    assert failure.kind is FailureKind.AUTHENTICATION


async def test_a_database_that_does_not_exist_is_missing(postgres: PostgresServer) -> None:
    failure = await failure_of(postgres.url(dbname="nosuch"))

    assert (failure.kind, failure.type) == (FailureKind.DATABASE_MISSING, "InvalidCatalogNameError")
    assert failure.message == 'database "nosuch" does not exist'


async def test_a_database_that_the_user_may_not_enter_is_authentication(
    postgres: PostgresServer, database: str
) -> None:
    postgres.sql(f"REVOKE CONNECT ON DATABASE {database} FROM PUBLIC, app")

    failure = await failure_of(postgres.url(dbname=database))

    assert (failure.kind, failure.sqlstate) == (FailureKind.AUTHENTICATION, "42501")


async def test_a_full_server_is_too_many_connections(postgres: PostgresServer, database: str) -> None:
    postgres.sql(f"ALTER DATABASE {database} CONNECTION LIMIT 1")
    async with connected(postgres.url(dbname=database)):
        failure = await failure_of(postgres.url(dbname=database))

    assert (failure.kind, failure.sqlstate) == (FailureKind.TOO_MANY_CONNECTIONS, "53300")


async def test_a_server_that_shuts_down_says_so(own_postgres: PostgresServer) -> None:
    async with connected(own_postgres.url()):
        own_postgres.stop("smart", wait=False)
        failure = await failure_while_stopping(own_postgres.url())

    assert (failure.kind, failure.sqlstate) == (FailureKind.SHUTTING_DOWN, "57P03")


async def failure_while_stopping(url: str) -> Failure:
    """Connect until the server, which was told to stop, has read its signal and refuses."""
    async with asyncio.timeout(5):
        while True:
            try:
                async with connection_to(url):
                    pass
            except DBAPIError as exc:
                return classify(exc)


async def test_a_backend_killed_between_statements_is_a_lost_connection(postgres: PostgresServer) -> None:
    async with connection_to(postgres.url()) as connection:
        driver_connection = (await connection.get_raw_connection()).driver_connection
        postgres.sql(f"SELECT pg_terminate_backend({driver_connection.get_server_pid()}, 5000)")
        await wait_until(driver_connection.is_closed, what="asyncpg to notice")
        with pytest.raises(DBAPIError) as caught:
            await connection.execute(text("SELECT 1"))

    failure = classify(caught.value)

    assert (failure.kind, failure.type) == (FailureKind.CONNECTION_LOST, "InterfaceError")


async def test_a_backend_killed_during_a_statement_is_a_lost_connection(postgres: PostgresServer) -> None:
    async with asyncio.TaskGroup() as group:
        sleeper = group.create_task(failure_of(postgres.url(), "SELECT pg_sleep(60)"))
        await asyncio.to_thread(terminate_sleepers, postgres)

    assert sleeper.result().kind is FailureKind.CONNECTION_LOST


def terminate_sleepers(postgres: PostgresServer) -> None:
    postgres.sql(
        "DO $$ BEGIN LOOP "
        "PERFORM pg_terminate_backend(pid) FROM pg_stat_activity "
        f"WHERE application_name = '{PROGRAM}' AND wait_event = 'PgSleep'; "
        "EXIT WHEN FOUND; PERFORM pg_stat_clear_snapshot(); END LOOP; END $$"
    )


async def test_a_statement_over_the_servers_limit_is_a_statement_timeout(postgres: PostgresServer) -> None:
    failure = await failure_of(postgres.url(), "SELECT pg_sleep(60)", statement_timeout="50")

    assert (failure.kind, failure.type) == (FailureKind.STATEMENT_TIMEOUT, "QueryCanceledError")
    assert "`timeouts.statement`" in failure.hint


async def test_a_write_in_a_read_only_transaction_is_read_only(postgres: PostgresServer) -> None:
    failure = await failure_of(
        postgres.url(), "CREATE TABLE orders (id int)", default_transaction_read_only="on"
    )

    assert (failure.kind, failure.sqlstate) == (FailureKind.READ_ONLY, "25006")


async def test_a_server_that_demands_tls_is_tls(tls_postgres: PostgresServer) -> None:
    failure = await failure_of(tls_postgres.url())

    assert (failure.kind, failure.sqlstate) == (FailureKind.TLS, "28000")


@pytest.mark.parametrize(
    ("certificate", "kind", "message"),
    [
        (None, FailureKind.TLS, "connection requires a valid client certificate"),
        ("other_client", FailureKind.AUTHENTICATION, 'certificate authentication failed for user "app"'),
    ],
)
async def test_a_client_certificate_that_the_server_refuses(
    tls_postgres: PostgresServer, pki: Pki, certificate: str | None, kind: FailureKind, message: str
) -> None:
    files = client_files(getattr(pki, certificate)) if certificate else {}
    server = Server("localhost")
    target = PostgresTarget((server,), "orders", "app", None, "require", PROGRAM, **files)
    with pytest.raises(asyncpg.PostgresError) as caught:
        await asyncpg.connect(tls_postgres.url(), ssl=build_context(target, server), timeout=5)

    failure = classify(caught.value)

    assert failure.kind is kind
    assert failure.message.startswith(message)
    assert "certificate" in failure.message + failure.hint


async def test_a_client_certificate_of_an_unknown_authority_is_tls_when_the_server_can_say_so(
    tls_postgres: PostgresServer, pki: Pki
) -> None:
    server = Server("localhost")
    files = client_files(pki.unknown_client)
    # With TLS 1.2 the server refuses before the handshake is over, and no reset can overtake its word.
    target = PostgresTarget(
        (server,), "orders", "app", None, "require", PROGRAM, ssl_max_protocol_version="TLSv1.2", **files
    )
    with pytest.raises(ssl.SSLError) as caught:
        await asyncpg.connect(tls_postgres.url(), ssl=build_context(target, server), timeout=5)

    failure = classify(caught.value)

    assert failure.kind is FailureKind.TLS
    assert all(f"`{name}`" in failure.hint for name in ("sslcert", "sslmode", "sslrootcert"))


def test_what_tls_said_stands_for_a_connection_that_was_closed() -> None:
    error = asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
    error.__cause__ = ssl.SSLError(1, "[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca")

    failure = classify(error)

    assert (failure.kind, failure.type) == (FailureKind.TLS, "SSLError")
    assert "`sslcert`" in failure.hint


@pytest.fixture(scope="module")
def tls_postgres(postgres_template: Template, pki: Pki) -> Iterator[PostgresServer]:
    with PostgresServer(postgres_template, tls=pki.tls(access=Access.CERTIFICATE)) as server:
        yield server


def client_files(client: Certificate) -> dict[str, str]:
    return {"sslcert": str(client.certificate), "sslkey": str(client.key)}

"""A connection to PostgreSQL is named, bounded and watched from its start, and logs in as of today."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from connmgr import ConfigError, Registry
from tests.rig.postgres import PostgresServer
from tests.rig.refusals import REFUSED

Load = Callable[..., Registry]
WHO = text("SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()")
CANARY = "hunter2-canary"


async def ask(registry: Registry, question: str) -> Any:
    async with registry.session("orders") as session:
        return (await session.execute(text(question))).scalar_one()


async def test_the_server_sees_which_profile_a_connection_is_of(load: Load, postgres: PostgresServer) -> None:
    async with load(orders={"url": postgres.url()}) as registry:
        assert "orders" in await ask(registry, WHO.text)


async def test_the_url_may_name_the_application(load: Load, postgres: PostgresServer) -> None:
    async with load(orders={"url": postgres.url(application_name="billing-run")}) as registry:
        assert await ask(registry, WHO.text) == "billing-run"


async def test_the_server_cancels_a_statement_that_runs_too_long(
    load: Load, postgres: PostgresServer
) -> None:
    profile = {"url": postgres.url(), "timeouts": {"statement": "50ms"}}

    async with load(orders=profile) as registry:
        assert await ask(registry, "SHOW statement_timeout") == "50ms"
        with pytest.raises(DBAPIError, match="statement timeout") as failure:
            await ask(registry, "SELECT pg_sleep(60)")

    assert failure.value.orig is not None
    assert getattr(failure.value.orig, "sqlstate", None) == "57014"


async def test_without_a_setting_the_servers_own_statement_timeout_holds(
    load: Load, postgres: PostgresServer
) -> None:
    async with load(orders={"url": postgres.url()}) as registry:
        assert await ask(registry, "SHOW statement_timeout") == "0"


async def test_a_socket_directory_is_reached_and_has_no_tcp_options_to_set(
    load: Load, postgres: PostgresServer
) -> None:
    url = f"postgresql://app@:{postgres.port}/orders?host={postgres.directory}"

    async with load({"PW": postgres.password}, orders={"url": url, "password": "${PW}"}) as registry:
        assert await ask(registry, "SELECT inet_client_addr() IS NULL") is True


@pytest.mark.parametrize(
    "statement",
    ["SELECT :canary FROM nowhere", "SELECT 1 / 0, CAST(:canary AS text)", "SELECT nothing(:canary)"],
)
async def test_a_failing_statements_parameter_is_in_no_error(
    load: Load, postgres: PostgresServer, statement: str
) -> None:
    async with load(orders={"url": postgres.url()}) as registry:
        with pytest.raises(DBAPIError) as failure:
            async with registry.session("orders") as session:
                await session.execute(text(statement), {"canary": CANARY})

    assert CANARY not in f"{failure.value} {failure.value!r} {failure.value.orig} {failure.value.__notes__}"


async def test_the_password_is_asked_from_its_source_at_each_new_connection(
    load: Load, own_postgres: PostgresServer
) -> None:
    environ = {"ORDERS_PASSWORD": own_postgres.password}
    profile = {"url": own_postgres.url(password=""), "password": "${ORDERS_PASSWORD}"}

    async with load(environ, orders=profile) as registry, registry.session("orders") as held:
        await held.execute(text("SELECT 1"))
        own_postgres.sql("ALTER ROLE app PASSWORD 'rotated'")
        with pytest.raises(REFUSED, match="password authentication failed"):
            await ask(registry, "SELECT 1")
        environ["ORDERS_PASSWORD"] = "rotated"

        assert await ask(registry, "SELECT 1") == 1
        assert (await held.execute(text("SELECT 1"))).scalar_one() == 1


async def test_a_password_that_is_unset_later_fails_new_connections_with_its_place(
    load: Load, postgres: PostgresServer
) -> None:
    environ = {"ORDERS_PASSWORD": postgres.password}
    profile = {"url": postgres.url(password=""), "password": "${ORDERS_PASSWORD}"}

    async with load(environ, orders=profile) as registry, registry.session("orders") as held:
        await held.execute(text("SELECT 1"))
        del environ["ORDERS_PASSWORD"]
        with pytest.raises(ConfigError) as failure:
            await ask(registry, "SELECT 1")

    (problem,) = failure.value.problems
    assert Path(problem.place.file).name == "orders.yaml"
    assert "ORDERS_PASSWORD is not set" in problem.found


async def test_a_refused_password_is_in_no_error_and_no_traceback(
    load: Load, postgres: PostgresServer
) -> None:
    async with load(orders={"url": postgres.url(password=CANARY)}) as registry:
        with pytest.raises(REFUSED, match="password authentication failed") as failure:
            await ask(registry, "SELECT 1")

    assert CANARY not in f"{failure.value} {failure.value!r} {failure.value.__notes__}"

"""What a report says of the server: its role, its TLS, how full it is, how far behind."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from sqlalchemy import text

from connmgr import Registry, Status
from tests.rig.pki import Pki
from tests.rig.postgres import PostgresServer
from tests.rig.template import Template

Load = Callable[..., Registry]


async def test_a_primary_in_clear_text(load: Load, postgres: PostgresServer) -> None:
    async with load(orders={"url": postgres.url(sslmode="disable")}) as registry:
        server = (await registry.health("orders")).server

    assert server is not None
    assert (server.product, server.role, server.read_only, server.tls) == (
        *("PostgreSQL", "primary", False, None),
    )
    assert server.version == postgres.sql("SHOW server_version").partition(" ")[0]


async def test_connections_used_are_those_of_everybody(load: Load, own_postgres: PostgresServer) -> None:
    url = own_postgres.url(sslmode="disable")
    async with load(orders={"url": url}, other={"url": url}) as registry, AsyncExitStack() as stack:
        for _ in range(5):
            await stack.enter_async_context(registry.connect("other"))
        used = int(own_postgres.sql("SELECT sum(numbackends) - 1 FROM pg_stat_database"))
        server = (await registry.health("orders")).server

    assert server is not None
    assert server.load is not None
    assert server.load.limit == 100 - 3
    # The check's own connection is one of them.
    assert server.load.connections == used + 1


async def test_a_server_without_a_connection_left_needs_attention(
    load: Load, postgres_template: Template
) -> None:
    with PostgresServer(postgres_template, max_connections=6) as server:
        url = server.url(sslmode="disable")
        async with load(orders={"url": url}, other={"url": url}) as registry, AsyncExitStack() as stack:
            await registry.health("orders")
            for _ in range(2):
                await stack.enter_async_context(registry.connect("other"))
            registry._health._links["orders"].monitor._seats.loads_at.clear()
            report = await registry.health("orders")

    assert (report.status, report.reason) == (Status.DEGRADED, "too_many_connections")
    assert report.reachable


async def test_a_standby_says_how_far_behind_it_is(load: Load, standby: PostgresServer) -> None:
    async with load(orders={"url": standby.url(sslmode="disable")}) as registry:
        report = await registry.health("orders")

    assert report.server is not None
    assert (report.status, report.server.role, report.server.read_only) == (Status.HEALTHY, "standby", True)
    assert report.to_dict()["server"]["replication_lag"] is None or report.server.load.replication_lag >= 0


async def test_a_server_that_takes_no_more_writes_needs_attention(
    load: Load, own_postgres: PostgresServer
) -> None:
    async with load(orders={"url": own_postgres.url(sslmode="disable")}) as registry:
        before = await registry.health("orders")
        own_postgres.sql("ALTER SYSTEM SET default_transaction_read_only = on")
        own_postgres.sql("SELECT pg_reload_conf()")
        await registry.health("orders")
        after = await registry.health("orders")

    assert before.status is Status.HEALTHY
    assert (after.status, after.reason) == (Status.DEGRADED, "read_only")
    assert after.since is not None
    assert after.since > before.checked_at


async def test_where_a_writer_is_asked_for_one_that_is_none_is_unhealthy(
    load: Load, own_postgres: PostgresServer
) -> None:
    url = own_postgres.url(sslmode="disable", target_session_attrs="read-write")
    async with load(orders={"url": url}) as registry:
        before = await registry.health("orders")
        own_postgres.sql("ALTER SYSTEM SET default_transaction_read_only = on")
        own_postgres.sql("SELECT pg_reload_conf()")
        await registry.health("orders")
        after = await registry.health("orders")

    assert before.status is Status.HEALTHY
    assert (after.status, after.reason) == (Status.UNHEALTHY, "read_only")


async def test_a_verified_certificate_says_when_it_ends(
    load: Load, postgres_template: Template, pki: Pki
) -> None:
    with PostgresServer(postgres_template, tls=pki.tls()) as server:
        verified = server.url(sslmode="verify-full", sslrootcert=str(pki.ca))
        profiles = {"verified": {"url": verified}, "unverified": {"url": server.url(sslmode="require")}}
        async with load(**profiles) as registry:
            reports = await registry.health_all()

    verified_tls, unverified_tls = (reports[name].server.tls for name in ("verified", "unverified"))
    assert verified_tls.protocol == unverified_tls.protocol == "TLSv1.3"
    assert verified_tls.certificate_ends == dt.datetime(2099, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
    assert unverified_tls.certificate_ends is None
    assert reports["verified"].to_dict()["server"]["tls"]["certificate_days"] > 20_000


async def test_sqlite_says_how_large_its_log_is_and_is_read_whole_on_request(
    load: Load, tmp_path: Path
) -> None:
    path = tmp_path / "orders.db"
    async with load(orders={"url": f"sqlite:///{path}"}) as registry:
        async with registry.begin("orders") as session:
            await session.execute(text("CREATE TABLE entry (name text)"))
        async with registry.session("orders"):
            plain = await registry.health("orders")
        whole = await registry.health("orders", integrity=10)

    assert plain.server is not None
    assert whole.server is not None
    assert (plain.server.integrity, whole.server.integrity) == (None, "ok")
    assert isinstance(plain.server.wal_bytes, int)


async def test_a_file_that_was_replaced_is_looked_at_anew(load: Load, tmp_path: Path) -> None:
    path = tmp_path / "orders.db"
    async with load(orders={"url": f"sqlite:///{path}"}) as registry:
        before = await registry.health("orders")
        path.unlink()
        path.write_bytes(b"no database at all, but long enough to be one: " * 100)
        after = await registry.health("orders")

    assert before.status is Status.HEALTHY
    assert (after.status, after.reason) == (Status.UNHEALTHY, "not_a_database")


async def test_a_damaged_file_is_unhealthy_when_it_is_read_whole(load: Load, tmp_path: Path) -> None:
    path = tmp_path / "orders.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE entry (id integer PRIMARY KEY, name text)")
        connection.execute("CREATE INDEX by_name ON entry (name)")
        connection.executemany(
            "INSERT INTO entry VALUES (?, ?)", [(number, f"{number:0500}") for number in range(500)]
        )
    connection.close()
    data = bytearray(path.read_bytes())
    for page in range(3, 12):
        data[page * 4096 : page * 4096 + 2000] = b"\xff" * 2000
    path.write_bytes(data)

    async with load(orders={"url": f"sqlite:///{path}"}) as registry:
        plain = await registry.health("orders")
        whole = await registry.health("orders", integrity=10)

    assert plain.status is Status.HEALTHY
    assert (whole.status, whole.reason) == (Status.UNHEALTHY, "corrupt")
    assert whole.hint

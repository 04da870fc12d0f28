"""One monitor for each database, whoever names it, and never more of them than the server has to bear."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from connmgr import Registry, Status
from connmgr.runtime.health import Health
from connmgr.runtime.monitor import UNASKED
from tests.rig.pool import Clock
from tests.rig.postgres import PostgresServer
from tests.rig.proxy import FaultProxy
from tests.rig.wait import wait_until

Load = Callable[..., Registry]
Write = Callable[..., None]
LASTING = {"health": {"ttl": "1h"}}


async def test_two_hundred_who_ask_at_once_make_one_question_on_one_connection(
    load: Load, own_postgres: PostgresServer
) -> None:
    own_postgres.sql("ALTER SYSTEM SET log_statement = 'all'")
    own_postgres.restart()
    async with load(orders={"url": own_postgres.url(sslmode="disable"), **LASTING}) as registry:
        reports = await asyncio.gather(*(registry.health("orders") for _ in range(200)))
        backends = own_postgres.backends("connmgr")

    assert {report.status for report in reports} == {Status.HEALTHY}
    assert backends == 1
    assert own_postgres.log.count("SELECT 1") == 1


async def test_profiles_of_one_database_share_its_monitor(
    load: Load, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    url = postgres.url(port=proxy.port, sslmode="disable")
    other = postgres.url(port=proxy.port, sslmode="disable", user="app", dbname="postgres")
    profiles = {"a": {"url": url}, "b": {"url": url, "pool": {"size": 1}}, "c": {"url": other}}
    async with load(**profiles) as registry:
        reports = await registry.health_all()

    assert [report.status for report in reports.values()] == [Status.HEALTHY] * 3
    assert {report.profile for report in reports.values()} == {"a", "b", "c"}
    assert proxy.accepted == 2


async def test_another_password_is_another_identity(load: Load, postgres: PostgresServer) -> None:
    """One with a wrong password would else look healthy beside one with the right one."""
    profiles = {"right": {"url": postgres.url()}, "wrong": {"url": postgres.url(password="guessed")}}
    async with load(**profiles) as registry:
        reports = await registry.health_all()

    assert {name: report.reason for name, report in reports.items()} == {
        "right": "ok",
        "wrong": "authentication",
    }


async def test_an_answer_serves_for_its_time_and_the_pool_is_of_now(
    load: Load, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    url = postgres.url(port=proxy.port, sslmode="disable")
    async with load(orders={"url": url, **LASTING}) as registry:
        first = await registry.health("orders")
        async with registry.connect("orders"):
            proxy.blackhole()
            second = await registry.health("orders")
            fresh = await registry.health("orders", max_age=0)
            proxy.heal()

    assert second.status is Status.HEALTHY
    assert (second.checked_at, second.pool.in_use) == (first.checked_at, 1)
    assert fresh.status is Status.UNHEALTHY


async def test_with_more_databases_than_seats_each_has_its_turn(
    load: Load, own_postgres: PostgresServer, write_registry_file: Write
) -> None:
    write_registry_file(health={"max_monitors": 2})
    most, done = 0, False

    async def watch() -> None:
        nonlocal most
        while not done:
            most = max(most, await asyncio.to_thread(own_postgres.backends, "connmgr"))

    with ExitStack() as stack:
        names = [stack.enter_context(own_postgres.database()) for _ in range(8)]
        profiles = {
            name: {"url": own_postgres.url(dbname=name, sslmode="disable"), "health": {"timeout": "5s"}}
            for name in names
        }
        async with load(**profiles) as registry:
            watcher = asyncio.create_task(watch())
            for _ in range(3):
                reports = await registry.health_all()
                assert {report.status for report in reports.values()} == {Status.HEALTHY}
            done = True
            await watcher

    assert most <= 2


async def test_who_has_no_turn_in_time_on_a_server_that_answers_is_not_called_down(
    load: Load, own_postgres: PostgresServer, write_registry_file: Write, proxy: FaultProxy
) -> None:
    write_registry_file(health={"max_monitors": 1})
    with ExitStack() as stack:
        names = [stack.enter_context(own_postgres.database()) for _ in range(30)]
        profiles = {
            name: {"url": own_postgres.url(dbname=name, sslmode="disable"), "health": {"timeout": "60ms"}}
            for name in names
        }
        async with load(**profiles) as registry:
            await registry.health(names[0])
            reports = await registry.health_all()

    reasons = {report.reason for report in reports.values()}
    late = [report for report in reports.values() if report.reason == "not_checked"]
    assert reasons <= {"ok", "not_checked", "timeout"}
    assert late
    assert {(report.status, report.reachable) for report in late} == {(Status.DEGRADED, True)}


async def test_a_connection_that_nobody_asks_for_is_closed_after_a_while(
    load: Load, own_postgres: PostgresServer
) -> None:
    clock = Clock()
    async with load(orders={"url": own_postgres.url(sslmode="disable")}) as registry:
        registry._health = Health(5, clock)
        await registry.health("orders")
        registry._health.housekeep()
        assert own_postgres.backends("connmgr") == 1

        clock.advance(UNASKED + 1)
        registry._health.housekeep()

        await wait_until(lambda: own_postgres.backends("connmgr") == 0, what="the connection to be closed")
        assert (await registry.health("orders")).status is Status.HEALTHY


@pytest.mark.parametrize("seats", [1, 5])
async def test_checks_that_are_given_up_leave_nothing(
    load: Load, own_postgres: PostgresServer, write_registry_file: Write, seats: int
) -> None:
    """A thousand of them, each cancelled somewhere on its way."""
    write_registry_file(health={"max_monitors": seats})
    random_ = random.Random(7)
    with ExitStack() as stack:
        names = [stack.enter_context(own_postgres.database()) for _ in range(3)]
        profiles = {name: {"url": own_postgres.url(dbname=name, sslmode="disable")} for name in names}
        async with load(**profiles) as registry:
            for _ in range(1000):
                check = asyncio.create_task(registry.health(random_.choice(names)))
                for _ in range(random_.randrange(8)):
                    await asyncio.sleep(0)
                check.cancel()
                await asyncio.wait({check})
            reports = await registry.health_all()
            backends = own_postgres.backends("connmgr")
        await wait_until(lambda: own_postgres.backends("connmgr") == 0, what="every connection to be closed")

    assert {report.status for report in reports.values()} == {Status.HEALTHY}
    assert backends <= min(seats, 3)

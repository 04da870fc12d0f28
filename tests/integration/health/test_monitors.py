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
from tests.rig.pipe import Pipe
from tests.rig.pool import Clock
from tests.rig.ports import LOOPBACK
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


async def test_other_options_are_another_identity(load: Load, postgres: PostgresServer) -> None:
    """What one profile's login is refused for says nothing of the other."""
    bad = postgres.url(options="-c shared_buffers=1MB")
    async with load(bad={"url": bad}, good={"url": postgres.url()}) as registry:
        reports = await registry.health_all()

    assert reports["good"].status is Status.HEALTHY
    assert reports["bad"].status is Status.UNHEALTHY


async def test_lists_that_share_a_server_share_its_seats(
    load: Load, own_postgres: PostgresServer, postgres: PostgresServer, write_registry_file: Write
) -> None:
    write_registry_file(health={"max_monitors": 1})
    one, other = f"{LOOPBACK}:{own_postgres.port}", f"{LOOPBACK}:{postgres.port}"
    secret = own_postgres.password
    hosts = {"a": f"{one},{other}", "b": f"{one},{other}", "c": one}
    profiles = {
        name: {
            "url": f"postgresql://app:{secret}@{each}/orders?sslmode=disable&application_name=connmgr-{name}",
            "health": {"timeout": "5s"},
        }
        for name, each in hosts.items()
    }
    async with load(**profiles) as registry:
        reports = await registry.health_all()
        backends = own_postgres.backends("connmgr")

    assert {report.status for report in reports.values()} == {Status.HEALTHY}
    assert backends == 1


async def test_what_is_known_to_be_down_stays_so_while_its_turn_does_not_come(
    load: Load, own_postgres: PostgresServer, write_registry_file: Write
) -> None:
    write_registry_file(health={"max_monitors": 1})
    well = {"url": own_postgres.url(sslmode="disable")}
    async with load(
        well=well,
        lost={"url": own_postgres.url(dbname="lost", sslmode="disable"), "health": {"timeout": "50ms"}},
    ) as registry:
        before = await registry.health("lost", max_age=0)
        seats = registry._health._links["lost"].monitor._seats
        await registry.health("well")
        await seats.take(registry._health._links["well"].monitor)
        asking = asyncio.create_task(registry.health("lost"))
        await asyncio.sleep(0)
        seats.answered_at = float("inf")
        after = await asking
        seats.leave()

    assert (before.reason, after.reason) == ("database_missing", "database_missing")
    assert after.checked_at == before.checked_at


async def test_an_asker_who_waits_while_the_registry_closes_opens_nothing(
    load: Load, own_postgres: PostgresServer
) -> None:
    async with load(orders={"url": own_postgres.url(sslmode="disable")}) as registry:
        await registry.health("orders")
        asking = [asyncio.create_task(registry.health("orders")) for _ in range(20)]
        await asyncio.sleep(0)

    reports = await asyncio.gather(*asking)
    await wait_until(lambda: own_postgres.backends("connmgr") == 0, what="every connection to be closed")
    assert {report.profile for report in reports} == {"orders"}


async def test_one_with_less_time_does_not_decide_for_one_with_more(
    load: Load, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    url = postgres.url(port=proxy.port, sslmode="disable")
    profiles = {
        "hasty": {"url": url, "health": {"timeout": "100ms"}},
        "patient": {"url": url, "health": {"timeout": "5s"}},
    }
    async with load(**profiles) as registry:
        proxy.up = Pipe(latency=0.1)
        hasty = asyncio.create_task(registry.health("hasty"))
        await asyncio.sleep(0)
        patient = await registry.health("patient")

    assert (await hasty).status is Status.UNHEALTHY
    assert patient.status is Status.HEALTHY


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


@pytest.mark.alone
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
    assert {report.status for report in late} == {Status.DEGRADED}


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


@pytest.mark.parametrize(("seats", "checks"), [(1, 200), (5, 1000)])
async def test_checks_that_are_given_up_leave_nothing(
    load: Load, own_postgres: PostgresServer, write_registry_file: Write, seats: int, checks: int
) -> None:
    """Each is cancelled somewhere on its way."""
    write_registry_file(health={"max_monitors": seats})
    random_ = random.Random(7)
    with ExitStack() as stack:
        names = [stack.enter_context(own_postgres.database()) for _ in range(3)]
        profiles = {name: {"url": own_postgres.url(dbname=name, sslmode="disable")} for name in names}
        async with load(**profiles) as registry:
            for _ in range(checks):
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

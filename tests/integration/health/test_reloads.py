"""A reload under checks: each asker has an answer in time, and none of them is of the database of before."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from connmgr import ConfigError, HealthReport, Registry, Status
from connmgr.runtime.health import Health
from tests.faults.measure import at_most
from tests.rig.pool import Clock
from tests.rig.ports import LOOPBACK
from tests.rig.postgres import PostgresServer
from tests.rig.probes import ONE, down
from tests.rig.proxy import FaultProxy
from tests.rig.wait import wait_until
from tests.rig.written import Written

Load = Callable[..., Registry]
LASTING = {"ttl": "1h", "timeout": "5s"}


def silent(postgres: PostgresServer, proxy: FaultProxy, **health: object) -> dict[str, object]:
    """A profile behind the proxy, which the test makes silent."""
    return {"url": postgres.url(port=proxy.port, sslmode="disable"), "health": {"timeout": "5s", **health}}


async def asking(registry: Registry, proxy: FaultProxy, name: str) -> asyncio.Task[HealthReport]:
    """Return a question that is under way behind a proxy that passes nothing on."""
    proxy.blackhole()
    sent = proxy.seen_up
    task = asyncio.create_task(registry.health(name, max_age=0), name="rig asker")
    await wait_until(lambda: proxy.seen_up > sent, what="the check to be under way")
    return task


async def test_the_first_report_after_a_rebuild_is_of_the_new_database_whatever_ttl_says(
    load: Load, postgres: PostgresServer, written: Written
) -> None:
    well = {"url": postgres.url(), "health": LASTING}
    async with load(orders=well) as registry:
        before = await registry.health("orders")
        written.profile("orders", **down(**LASTING))
        await registry.reload()
        unasked = registry.last_health()
        after = await registry.health("orders")
        written.profile("orders", **well)
        await registry.reload()
        again = await registry.health("orders")
        history = registry.health_history("orders")

    assert [before.reason, after.reason, again.reason] == ["ok", "refused", "ok"]
    assert unasked == {}
    assert [each.reason for each in history.results] == ["ok", "refused", "ok"]
    assert [each.reason for each in history.transitions] == ["ok", "refused", "ok"]


async def test_limits_that_change_in_place_leave_the_answer_in_force(
    load: Load, postgres: PostgresServer, proxy: FaultProxy, written: Written
) -> None:
    profile = silent(postgres, proxy, ttl="1h")
    async with load(orders=profile) as registry:
        before = await registry.health("orders")
        written.profile("orders", **profile, pool={"size": 2})
        plan = await registry.reload()
        after = await registry.health("orders")

    assert [each.effect for each in plan.profiles] == ["live"]
    assert after.checked_at == before.checked_at
    assert proxy.accepted == 1


async def test_who_asks_a_silent_database_hears_at_once_of_the_one_in_its_place(
    load: Load, postgres: PostgresServer, proxy: FaultProxy, written: Written
) -> None:
    async with load(orders=silent(postgres, proxy, timeout="30s")) as registry:
        asker = await asking(registry, proxy, "orders")
        written.profile("orders", url=postgres.url())
        await registry.reload()
        with at_most(2.0):
            report = await asker

    assert report.status is Status.HEALTHY


async def test_its_time_is_that_of_the_first_question_and_no_outage_is_made_of_what_is_left_of_it(
    load: Load, postgres: PostgresServer, proxy: FaultProxy, written: Written
) -> None:
    async with FaultProxy(proxy.host, proxy.target_port) as other:
        other.blackhole()
        async with load(orders=silent(postgres, proxy, timeout="1s")) as registry:
            asked_at = time.monotonic()
            with at_most(1.4):
                asker = await asking(registry, proxy, "orders")
                await wait_until(
                    lambda: time.monotonic() > asked_at + 0.4, what="most of its time to be over"
                )
                written.profile("orders", **silent(postgres, other, timeout="1s"))
                await registry.reload()
                report = await asker
            proxy.heal()
            other.heal()

    assert (report.status, report.reason) == (Status.DEGRADED, "not_checked")


async def test_one_of_two_on_one_database_is_rebuilt_and_the_other_ones_check_goes_on(
    load: Load, postgres: PostgresServer, proxy: FaultProxy, written: Written
) -> None:
    profile = silent(postgres, proxy, ttl="1h")
    async with load(first=profile, second=profile) as registry:
        # The monitor is the first's: it connects by its driver.
        await registry.health("first")
        await registry.health("second")
        stays = await asking(registry, proxy, "first")
        moves = asyncio.create_task(registry.health("second", max_age=0), name="rig asker")
        await asyncio.sleep(0)
        written.profile("second", **down())
        await registry.reload()
        with at_most(1.0):
            moved = await moves
        was_done = stays.done()
        proxy.heal()
        stayed = await stays

    assert (moved.reason, was_done, stayed.reason) == ("refused", False, "ok")


async def test_the_one_whose_driver_checks_is_rebuilt_and_the_other_has_its_answer_in_time(
    load: Load, own_postgres: PostgresServer, written: Written
) -> None:
    async with FaultProxy(LOOPBACK, own_postgres.port) as proxy:
        profile = silent(own_postgres, proxy, timeout="30s")
        async with load(first=profile, second=profile) as registry:
            await registry.health("first")
            await registry.health("second")
            both = [
                await asking(registry, proxy, "first"),
                asyncio.create_task(registry.health("second", max_age=0), name="rig asker"),
            ]
            await asyncio.sleep(0)
            proxy.heal()  # what was asked stays lost
            written.profile("first", **down())
            with at_most(2.0):
                await registry.reload()
                first, second = await asyncio.gather(*both)
            await wait_until(lambda: own_postgres.backends("connmgr") == 1, what="the first's to be closed")

    assert (first.reason, second.reason) == ("refused", "ok")


async def test_removed_while_it_is_asked_about_it_has_a_report_and_is_forgotten(
    load: Load, postgres: PostgresServer, proxy: FaultProxy, written: Written
) -> None:
    async with load(orders=silent(postgres, proxy), other={"url": "sqlite://"}) as registry:
        await registry.health("orders")
        asker = await asking(registry, proxy, "orders")
        everyone = asyncio.create_task(registry.health_all(max_age=0), name="rig asker")
        await asyncio.sleep(0)
        written.remove("orders")
        await registry.reload()
        with at_most(1.0):
            report, reports = await asker, await everyone
        remembered = registry.last_health()
        written.profile("orders", url=postgres.url())
        await registry.reload()
        history = registry.health_history("orders")

    assert (report.status, report.reason) == (Status.DEGRADED, "not_checked")
    assert reports["other"].status is Status.HEALTHY
    assert remembered.keys() == {"other"}
    assert history.results == history.transitions == ()


async def test_removed_before_its_turn_it_is_left_out_of_all(load: Load, written: Written) -> None:
    async with load(orders={"url": "sqlite://"}, other={"url": "sqlite://"}) as registry:
        written.remove("orders")
        reloading = asyncio.create_task(registry.reload())
        reports = []
        while not reloading.done():
            reports.append(await registry.health_all())

        assert "orders" not in await registry.health_all()

    assert all(report["other"].status is Status.HEALTHY for report in reports)


async def test_paused_while_it_is_asked_about_it_says_so_and_its_connection_is_closed(
    load: Load, own_postgres: PostgresServer
) -> None:
    async with (
        FaultProxy(LOOPBACK, own_postgres.port) as proxy,
        load(orders=silent(own_postgres, proxy, timeout="30s")) as registry,
    ):
        await registry.health("orders")
        asker = await asking(registry, proxy, "orders")
        with at_most(2.0):
            await registry.pause("orders")
            report = await asker
        proxy.heal()
        again = [await registry.health("orders") for _ in range(30)]
        await wait_until(lambda: own_postgres.backends("connmgr") == 0, what="no connection")
        registry.resume("orders")
        after = await registry.health("orders")
        results = registry.health_history("orders").results

    assert {each.reason for each in (report, *again)} == {"paused"}
    assert after.reason == "ok"
    assert [each.reason for each in results] == ["ok", "paused", "ok"]


async def test_a_pool_that_was_stuck_is_not_so_when_it_was_rebuilt(
    load: Load, postgres: PostgresServer, written: Written
) -> None:
    clock = Clock()
    profile = {"url": postgres.url(), "pool": ONE, "health": {"stuck_after": "1s", "ttl": "1s"}}
    async with load(orders=profile) as registry:
        registry._health = Health(5, clock)
        async with registry.connect("orders"):
            for _ in range(6):
                clock.advance(1)
                stuck = await registry.health("orders")
            was_stuck = registry.is_stuck("orders")
            written.profile("orders", **{**profile, "url": postgres.url(dbname="postgres")})
            await registry.reload()
            is_stuck, report = registry.is_stuck("orders"), await registry.health("orders")

    assert (stuck.reason, was_stuck) == ("pool_stuck", True)
    assert (is_stuck, report.reason) == (False, "ok")


@pytest.mark.parametrize("verb", ["pause", "disable"])
async def test_what_an_operator_took_out_of_service_is_no_reason_to_restart(
    load: Load, postgres: PostgresServer, verb: str
) -> None:
    clock = Clock()
    health = {"stuck_after": "1s", "ttl": "1s"}
    profile = {"url": postgres.url(), "pool": ONE, "health": health, "reload": {"drain_timeout": "10ms"}}
    async with load(orders=profile) as registry:
        registry._health = Health(5, clock)
        async with registry.connect("orders"):
            stuck = []
            for _ in range(6):
                clock.advance(1)
                stuck.append(registry.is_stuck("orders"))
            if verb == "pause":
                await registry.pause("orders")
            else:
                registry.disable("orders")
            clock.advance(1)
            out_of_service = registry.is_stuck("orders")

    assert (stuck[-1], out_of_service) == (True, False)


async def test_what_a_reload_was_refused_for_is_reported_also_when_it_was_opened_again(
    load: Load, written: Written
) -> None:
    registry = load(orders={"url": "sqlite://"})
    async with registry:
        written.spoil("orders")
        with pytest.raises(ConfigError):
            await registry.reload()
        refused = await registry.health("orders")
    async with registry:
        opened_again = await registry.health("orders")
        written.profile("orders", url="sqlite://")
        await registry.reload()
        mended = await registry.health("orders")

    assert "orders.yaml" in refused.reload_error
    assert opened_again.reload_error == refused.reload_error
    assert (refused.status, mended.reload_error) == (Status.HEALTHY, "")


async def test_a_limit_that_goes_down_and_up_while_checks_run_is_kept(
    load: Load, own_postgres: PostgresServer, written: Written
) -> None:
    """From the moment on in which it went down, the server never has one more than it had or than it says."""
    written.registry(health={"max_monitors": 4})
    with ExitStack() as stack:
        names = [stack.enter_context(own_postgres.database()) for _ in range(6)]
        profiles = {
            name: {"url": own_postgres.url(dbname=name, sslmode="disable"), "health": {"timeout": "10s"}}
            for name in names
        }
        async with load(**profiles) as registry:
            found: list[HealthReport] = []
            counted: list[tuple[int, int]] = []
            ended = False

            async def ask(name: str) -> None:
                while not ended:
                    found.append(await registry.health(name, max_age=0))

            askers = [asyncio.create_task(ask(name), name="rig asker") for name in names]
            limit = 4
            for most in (1, 4, 2, 3, 1, 4):
                written.registry(health={"max_monitors": most})
                await registry.reload()
                limit = most

                async def is_kept(limit: int = limit) -> bool:
                    return await asyncio.to_thread(own_postgres.backends, "connmgr") <= limit

                await wait_until(is_kept, what="the limit to hold")
                counted += [
                    (await asyncio.to_thread(own_postgres.backends, "connmgr"), limit) for _ in range(5)
                ]
            ended = True
            await asyncio.gather(*askers)

    assert [each for each in counted if each[0] > each[1]] == []
    assert {report.status for report in found} == {Status.HEALTHY}
    assert max(count for count, _ in counted) > 2


async def test_kept_connections_beyond_a_limit_that_went_down_are_closed_though_nobody_asks(
    load: Load, own_postgres: PostgresServer, written: Written
) -> None:
    written.registry(health={"max_monitors": 5})
    with ExitStack() as stack:
        names = [stack.enter_context(own_postgres.database()) for _ in range(4)]
        profiles = {name: {"url": own_postgres.url(dbname=name, sslmode="disable")} for name in names}
        async with load(**profiles) as registry:
            await registry.health_all()
            before = own_postgres.backends("connmgr")
            written.registry(health={"max_monitors": 1})
            await registry.reload()
            await wait_until(lambda: own_postgres.backends("connmgr") == 1, what="the rest to be closed")
            reports = await registry.health_all()
            after = own_postgres.backends("connmgr")

    assert (before, after) == (4, 1)
    assert {report.status for report in reports.values()} == {Status.HEALTHY}


@pytest.mark.parametrize("seed", range(3))
async def test_reloads_under_many_askers_make_no_error_no_old_answer_and_leave_nothing(
    load: Load, own_postgres: PostgresServer, written: Written, seed: int
) -> None:
    random_ = random.Random(seed)
    written.registry(health={"max_monitors": 2})
    lasting = {"ttl": "1h", "timeout": "5s"}
    up = {"url": own_postgres.url(sslmode="disable"), "health": lasting}
    lost = {"url": own_postgres.url(dbname="lost", sslmode="disable"), "health": lasting}
    async with load(orders=up, other=up) as registry:
        found: list[HealthReport] = []
        ended = False

        async def ask() -> None:
            while not ended:
                found.append(await registry.health(random_.choice(["orders", "other"])))
                await asyncio.sleep(0)

        askers = [asyncio.create_task(ask(), name="rig asker") for _ in range(20)]
        for _ in range(30):
            name, expected = random_.choice(["orders", "other"]), random_.choice([up, lost])
            written.profile(name, **expected)
            await registry.reload()
            for _ in range(random_.randrange(5)):
                await asyncio.sleep(0)
            reason = (await registry.health(name)).reason
            assert reason == ("ok" if expected is up else "database_missing")
        ended = True
        await asyncio.gather(*askers)
        backends = own_postgres.backends("connmgr")
        servers = len(registry._health._seats)
    await wait_until(lambda: own_postgres.backends("connmgr") == 0, what="every connection to be closed")

    assert {report.reason for report in found} <= {"ok", "database_missing"}
    assert backends <= 2
    assert servers <= 1

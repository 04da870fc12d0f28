"""Metrics and spans follow reloads and operators, whichever thread reads and whatever goes meanwhile."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from sqlalchemy import text

from connmgr import ConfigError, Registry
from connmgr.telemetry import exposition, instrument
from connmgr.telemetry.metrics import POOL_NAME
from tests.rig.pool import PID
from tests.rig.postgres import PostgresServer
from tests.rig.telemetry import Key, Sdk, key, parsed
from tests.rig.written import Written

Orders = Callable[..., Registry]
Load = Callable[..., Registry]
NAME = {"db_client_connection_pool_name": "orders"}
COUNTERS = ("_total", "_seconds_count", "_seconds_sum", "_seconds_bucket")


def scrape(registry: Registry) -> dict[Key, float]:
    return parsed(exposition(registry)[0])


def counters(found: dict[Key, float]) -> dict[Key, float]:
    return {each: value for each, value in found.items() if each[0].endswith(COUNTERS)}


async def use(registry: Registry, name: str = "orders") -> None:
    async with registry.connect(name) as connection:
        await connection.execute(text("SELECT 1"))


def reload_figures(found: dict[Key, float]) -> tuple[float, ...]:
    results = (
        found[key("connmgr_reloads_total", connmgr_reload_result=each)] for each in ("applied", "refused")
    )
    return (*results, found[key("connmgr_reload_failed")])


async def test_reloads_are_counted_and_one_that_was_refused_stays_to_be_seen(
    orders: Orders, postgres: PostgresServer, written: Written, sdk: Sdk
) -> None:
    async with orders() as registry:
        with instrument(registry, meter_provider=sdk.meters):
            told = [reload_figures(scrape(registry))]
            await registry.reload()
            told.append(reload_figures(scrape(registry)))
            written.spoil("orders")
            for _ in range(2):
                with pytest.raises(ConfigError):
                    await registry.reload()
            told.append(reload_figures(scrape(registry)))
            measured = sdk.values()
            written.profile("orders", url=postgres.url(sslmode="disable"))
            await registry.reload()
            told.append(reload_figures(scrape(registry)))

    assert told == [(0, 0, 0), (1, 0, 0), (1, 2, 1), (2, 2, 0)]
    assert measured[key("connmgr.reloads", **{"connmgr.reload.result": "refused"})] == 2
    assert measured[key("connmgr.reload.failed")] == 1


async def test_counters_go_on_when_an_engine_is_made_anew(
    orders: Orders, postgres: PostgresServer, written: Written, sdk: Sdk
) -> None:
    async with orders() as registry:
        with instrument(registry, meter_provider=sdk.meters):
            for _ in range(3):
                await use(registry)
            before = counters(scrape(registry))
            written.profile("orders", url=postgres.url(dbname="postgres", sslmode="disable"))
            await registry.reload()
            rebuilt, begins_at = counters(scrape(registry)), registry.stats("orders").checkouts
            await use(registry)
            after, measured = counters(scrape(registry)), sdk.values()

    waits = key("db_client_connection_wait_time_seconds_count", **NAME)
    assert (before[waits], rebuilt[waits], begins_at, after[waits]) == (3, 3, 0, 4)
    assert [each for each in before if not before[each] <= rebuilt[each] <= after[each]] == []
    assert measured[key("db.client.connection.wait_time", **{POOL_NAME: "orders"})][0] == 4


async def test_connections_that_retire_are_seen_beside_the_open_ones(
    orders: Orders, postgres: PostgresServer, written: Written
) -> None:
    retiring = key("connmgr_connections_retiring", **NAME)
    async with orders() as registry, registry.connect("orders") as connection:
        await connection.execute(PID)
        before = scrape(registry)
        written.profile("orders", url=postgres.url(dbname="postgres", sslmode="disable"))
        await registry.reload()
        during = scrape(registry)

    assert (before[retiring], during[retiring]) == (0, 1)


async def test_a_profile_that_was_removed_has_no_sample(load: Load, written: Written) -> None:
    sqlite = {"url": "sqlite://"}
    async with load(orders=sqlite, other=sqlite) as registry:
        for name in registry:
            await use(registry, name)
            await registry.health(name)
        before = scrape(registry)
        written.remove("orders")
        await registry.reload()
        after = scrape(registry)

    assert [labels for _, labels in before if ("db_client_connection_pool_name", "orders") in labels] != []
    assert [each for each in after if ("db_client_connection_pool_name", "orders") in each[1]] == []


async def test_how_a_profile_serves_is_seen_also_without_an_engine(orders: Orders, sdk: Sdk) -> None:
    def states(found: dict[Key, float]) -> set[str]:
        shown = {
            dict(labels).get("connmgr_service_state") for (_, labels), value in found.items() if value == 1
        }
        return {state for state in shown if state is not None}

    async with orders() as registry:
        await use(registry)
        told = [states(scrape(registry))]
        await registry.pause("orders")
        told.append(states(scrape(registry)))
        registry.resume("orders")
        await registry.drain("orders")
        told.append(states(scrape(registry)))
        registry.enable("orders")
        told.append(states(scrape(registry)))

    # Drained, it has no engine, and active again not yet.
    assert told == [{"active"}, {"paused"}, {"disabled"}, set()]


async def test_threads_that_read_while_profiles_come_and_go_meet_no_error(
    load: Load, written: Written, sdk: Sdk
) -> None:
    random_ = random.Random(7)
    sqlite = {"url": "sqlite://"}
    names = [f"p{number}" for number in range(6)]
    errors: list[BaseException] = []
    fallen: list[Key] = []
    ended = threading.Event()

    def read() -> None:
        before: dict[Key, float] = {}
        while not ended.is_set():
            try:
                now = counters(scrape(registry))
                sdk.values()
            except BaseException as error:  # noqa: BLE001 - shown below
                errors.append(error)
                return
            fallen.extend(each for each, value in now.items() if value < before.get(each, 0))
            before |= now

    async with load(**dict.fromkeys(names, sqlite)) as registry:
        with instrument(registry, meter_provider=sdk.meters):
            readers = [threading.Thread(target=read) for _ in range(2)]
            for reader in readers:
                reader.start()
            for _ in range(60):
                name = random_.choice(names)
                if random_.random() < 0.4:
                    with suppress(FileNotFoundError):
                        written.remove(name)
                else:
                    url = random_.choice(["sqlite://", f"sqlite:///{written.directory}/{name}.db"])
                    written.profile(name, url=url)
                with suppress(ConfigError):  # no profile is left
                    await registry.reload()
                await asyncio.gather(*(use(registry, each) for each in registry))
            ended.set()
            for reader in readers:
                await asyncio.to_thread(reader.join)

    assert (errors, fallen) == ([], [])


async def test_who_works_on_with_a_profile_that_was_removed_has_spans_and_no_error(
    load: Load, written: Written, sdk: Sdk
) -> None:
    sqlite = {"url": "sqlite://"}
    async with load(orders=sqlite, other=sqlite) as registry:
        with (
            instrument(registry, meter_provider=sdk.meters, tracer_provider=sdk.tracers),
            sdk.tracers.get_tracer("app").start_as_current_span("request"),
        ):
            async with registry.session("orders") as session:
                await session.execute(text("SELECT 1"))
                await session.commit()
                written.remove("orders")
                await registry.reload()
                await session.execute(text("SELECT 1"))

    first, second = sdk.spans["connmgr.checkout"]
    assert first.attributes == {POOL_NAME: "orders", "db.system.name": "sqlite"}
    assert second.attributes == {POOL_NAME: "orders"}

"""Operators pause, reconnect, drain and disable a profile, and nobody's work in progress is cut for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from connmgr import PoolTimeout, ProfileDisabled, Registry, Status
from tests.rig.failed import error_of
from tests.rig.load import load_on
from tests.rig.postgres import PostgresServer
from tests.rig.wait import wait_until

NAME = "orders"
BACKEND = text("SELECT pg_backend_pid()")
KINDS = ["pooled", "none", "sqlite"]


def profile_of(kind: str, server: PostgresServer, directory: Path, size: int = 1) -> dict[str, object]:
    if kind == "sqlite":
        return {"url": f"sqlite:///{directory}/orders.db"}
    pool = {"mode": kind, "timeout": "1s"} if kind == "none" else {"size": size, "max_overflow": 0}
    return {"url": server.url(sslmode="disable", application_name="connmgr-verbs"), "pool": pool}


@pytest.fixture(params=KINDS)
async def registry(
    request: pytest.FixtureRequest, own_postgres: PostgresServer, tmp_path: Path
) -> AsyncIterator[Registry]:
    directory = tmp_path / "profiles"
    directory.mkdir()
    values = profile_of(request.param, own_postgres, tmp_path)
    (directory / f"{NAME}.yaml").write_text(json.dumps({**values, "reload": {"drain_timeout": "500ms"}}))
    async with Registry.load(directory, environ={}) as registry:
        yield registry


async def ask(registry: Registry) -> int:
    async with registry.session(NAME) as session:
        return int(await session.scalar(text("SELECT 1")) or 0)


async def test_paused_work_waits_in_order_and_goes_on(registry: Registry) -> None:
    assert await ask(registry) == 1
    order: list[int] = []

    async def work(number: int) -> None:
        await ask(registry)
        order.append(number)

    assert await registry.pause(NAME) == ()
    assert registry.service_state(NAME) == "paused"
    assert registry.stats(NAME).paused
    assert registry.stats(NAME).open == 0
    tasks = []
    for number in range(10):
        tasks.append(asyncio.create_task(work(number)))
        await wait_until(lambda n=number: registry.stats(NAME).waiting == n + 1)
    assert order == []

    registry.resume(NAME)
    await asyncio.gather(*tasks)

    assert sorted(order) == list(range(10))
    assert registry.stats(NAME).mode == "none" or order == list(range(10))
    assert registry.service_state(NAME) == "active"


async def test_a_pause_lets_transactions_end_and_says_who_did_not(registry: Registry) -> None:
    async with registry.begin(NAME) as session:
        await session.execute(text("SELECT 1"))

        holders = await registry.pause(NAME)

        task = asyncio.current_task()
        assert task is not None
        assert [holder.task for holder in holders] == [task.get_name()]
        await session.execute(text("SELECT 1"))
    await wait_until(lambda: registry.stats(NAME).open == 0, what="the last connection to close")
    assert registry.service_state(NAME) == "paused"
    registry.resume(NAME)
    assert await ask(registry) == 1


async def test_a_pause_that_is_taken_back_is_waited_for_no_longer(registry: Registry) -> None:
    async with registry.session(NAME) as session:
        await session.execute(text("SELECT 1"))
        pausing = asyncio.create_task(registry.pause(NAME))
        await wait_until(lambda: registry.service_state(NAME) == "paused")
        registry.resume(NAME)

        await wait_until(pausing.done, 0.4, what="the pause to end")

    assert registry.service_state(NAME) == "active"
    await pausing


async def test_who_waits_too_long_is_told_of_the_pause(registry: Registry, tmp_path: Path) -> None:
    path = tmp_path / "profiles" / f"{NAME}.yaml"
    values = json.loads(path.read_text())
    values["pool"] = {**values.get("pool", {}), "timeout": "100ms"}
    path.write_text(json.dumps(values))
    await registry.reload()
    await registry.pause(NAME)

    error = await error_of(ask(registry))

    assert isinstance(error, PoolTimeout)
    assert "connmgr resume" in str(error)
    assert registry.stats(NAME).timeouts == 1
    registry.resume(NAME)
    assert await ask(registry) == 1


async def test_a_paused_profile_is_degraded_and_is_not_asked(registry: Registry) -> None:
    assert (await registry.health(NAME)).status is Status.HEALTHY
    await registry.pause(NAME)

    report = await registry.health(NAME)

    assert (report.status, report.reason, report.reachable) == (Status.DEGRADED, "paused", False)
    registry.resume(NAME)
    assert (await registry.health(NAME, max_age=0)).status is Status.HEALTHY


async def test_disabled_work_is_refused_and_work_in_progress_goes_on(registry: Registry) -> None:
    async with registry.session(NAME) as session:
        await session.execute(text("SELECT 1"))
        registry.disable(NAME)
        for refused in (registry.session, registry.begin, registry.connect, registry.engine):
            with pytest.raises(ProfileDisabled, match="connmgr enable"):
                refused(NAME)
        await session.commit()
        await session.execute(text("SELECT 1"))

    assert (await registry.health(NAME)).reason == "disabled"
    registry.enable(NAME)
    assert await ask(registry) == 1
    assert (await registry.health(NAME)).reason == "ok"


async def test_a_drain_waits_for_work_then_closes_the_rest_and_names_it(registry: Registry) -> None:
    session = registry.session(NAME)
    await session.execute(text("SELECT 1"))

    cut_off = await registry.drain(NAME)

    task = asyncio.current_task()
    assert task is not None
    assert [holder.task for holder in cut_off] == [task.get_name()]
    assert await error_of(session.execute(text("SELECT 1")))
    await session.close()
    assert await registry.drain(NAME) == ()
    with pytest.raises(ProfileDisabled):
        registry.session(NAME)
    registry.enable(NAME)
    assert await ask(registry) == 1


async def test_verbs_on_a_profile_that_nobody_uses_do_nothing_but_hold(registry: Registry) -> None:
    assert await registry.pause(NAME) == ()
    waiting = asyncio.create_task(ask(registry))
    await wait_until(lambda: registry.stats(NAME).waiting == 1)
    registry.enable(NAME)
    assert registry.service_state(NAME) == "paused"
    registry.resume(NAME)
    assert await waiting == 1
    assert await registry.reconnect(NAME) == ()


async def test_a_pause_holds_over_a_rebuild(registry: Registry, tmp_path: Path) -> None:
    assert await ask(registry) == 1
    await registry.pause(NAME)
    before = asyncio.create_task(ask(registry))
    await wait_until(lambda: registry.stats(NAME).waiting == 1)
    path = tmp_path / "profiles" / f"{NAME}.yaml"
    values = json.loads(path.read_text())
    values["pool"] = {"mode": "none" if values.get("pool", {}).get("mode") != "none" else "pooled"}
    if str(values["url"]).startswith("sqlite"):
        values["pool"] = {"mode": "pooled"}
    path.write_text(json.dumps({**values, "reload": {"drain_timeout": "10s"}}))
    await registry.reload()
    after = asyncio.create_task(ask(registry))
    await wait_until(lambda: registry.stats(NAME).waiting == 1)
    assert not before.done()

    registry.resume(NAME)

    assert await asyncio.gather(before, after) == [1, 1]


async def test_reconnect_replaces_every_connection_under_load_without_an_error(
    own_postgres: PostgresServer, tmp_path: Path
) -> None:
    values = profile_of("pooled", own_postgres, tmp_path, 3)
    (tmp_path / f"{NAME}.yaml").write_text(json.dumps({**values, "reload": {"drain_timeout": "10s"}}))
    async with Registry.load(tmp_path, environ={}) as registry, load_on(registry, NAME, 20) as load:
        await wait_until(lambda: registry.stats(NAME).open == 3)
        for _ in range(5):
            old = backends(own_postgres)
            assert await registry.reconnect(NAME) == ()
            await wait_until(lambda old=old: old.isdisjoint(backends(own_postgres)), what="the old to go")
            await wait_until(lambda: registry.stats(NAME).open == 3)

    assert load.errors == []


async def test_reconnect_cuts_nobody_and_says_who_still_has_an_old_one(
    own_postgres: PostgresServer, tmp_path: Path
) -> None:
    values = profile_of("pooled", own_postgres, tmp_path, 3)
    (tmp_path / f"{NAME}.yaml").write_text(json.dumps({**values, "reload": {"drain_timeout": "200ms"}}))
    async with Registry.load(tmp_path, environ={}) as registry:
        async with registry.session(NAME) as session:
            first = await session.scalar(BACKEND)
            holders = await registry.reconnect(NAME)
            assert [holder.profile for holder in holders] == [NAME]
            assert await session.scalar(BACKEND) == first
        async with registry.session(NAME) as session:
            assert await session.scalar(BACKEND) != first


def backends(server: PostgresServer) -> set[str]:
    query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'connmgr-verbs'"
    return set(server.sql(query).split())

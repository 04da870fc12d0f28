"""A secret with a life is asked for once in it, ahead of its end, and connections end with it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from connmgr import ConfigError, Registry
from connmgr.report import Status
from tests.rig.provider import Provider
from tests.rig.rotation import Load, Role
from tests.rig.wait import wait_until

NewRegistry = Callable[..., Registry]


@pytest.fixture
def provider(role: Role, tmp_path: Path) -> Provider:
    """Gives what the role's file holds."""
    return Provider(tmp_path)


def profile(role: Role, provider: Provider, ttl: str | None = None, **settings: Any) -> dict[str, Any]:
    password: dict[str, Any] = {"command": provider.command}
    if ttl is not None:
        password["ttl"] = ttl
    return {"url": role.url, "password": password, "pool": {"mode": "none"}, **settings}


async def use(registry: Registry) -> int:
    async with registry.connect("orders") as connection:
        return int((await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one())


async def passed(moment: float) -> None:
    await wait_until(lambda: time.monotonic() > moment)


async def test_without_a_ttl_every_new_connection_asks(
    load: NewRegistry, role: Role, provider: Provider
) -> None:
    async with load(orders=profile(role, provider)) as registry:
        for _ in range(3):
            await use(registry)

    assert provider.asked == 3


async def test_with_a_ttl_it_is_asked_once(load: NewRegistry, role: Role, provider: Provider) -> None:
    async with load(orders=profile(role, provider, "1h")) as registry:
        for _ in range(3):
            await use(registry)

    assert provider.asked == 1


@pytest.mark.parametrize("ttl", [None, "1h"], ids=["no ttl", "ttl"])
async def test_twenty_connects_at_once_are_one_question(
    load: NewRegistry, role: Role, provider: Provider, ttl: str | None
) -> None:
    provider.delay(0.5)
    async with load(orders=profile(role, provider, ttl)) as registry:
        pids = await asyncio.gather(*(use(registry) for _ in range(20)))

    assert len(set(pids)) == 20
    assert provider.asked == 1


async def test_a_connect_that_is_cancelled_leaves_the_question_to_the_others(
    load: NewRegistry, role: Role, provider: Provider
) -> None:
    provider.delay(0.5)
    async with load(orders=profile(role, provider)) as registry:
        first, second = (asyncio.create_task(use(registry)) for _ in range(2))
        await wait_until(lambda: provider.asked == 1)
        first.cancel()

        assert await second > 0
        assert first.cancelled()

    assert provider.asked == 1


async def test_leaving_the_registry_ends_a_question(
    load: NewRegistry, role: Role, provider: Provider
) -> None:
    """The fixtures of every test look for tasks and processes that are left."""
    provider.delay(60)
    begun = time.monotonic()
    async with load(orders=profile(role, provider, timeouts={"connect": "300ms"})) as registry:
        with pytest.raises(TimeoutError):
            await use(registry)

    assert provider.asked == 1
    assert time.monotonic() - begun < 5


async def test_the_next_one_is_fetched_ahead_of_need(
    load: NewRegistry, role: Role, provider: Provider
) -> None:
    """Four fifths into its life a connect still takes the old one, at once, and another is fetched."""
    async with load(orders=profile(role, provider, "3s")) as registry:
        begun = time.monotonic()
        await use(registry)
        first = provider.asked
        provider.delay(0.3)
        await passed(begun + 2.45)
        before = time.monotonic()
        await asyncio.gather(*(use(registry) for _ in range(5)))
        took = time.monotonic() - before
        await wait_until(lambda: provider.asked == 2)
        await passed(begun + 3.2)
        await use(registry)

    assert first == 1
    assert took < 0.3
    assert provider.asked == 2


async def test_while_the_source_is_down_the_last_good_secret_serves_to_its_end_and_no_longer(
    load: NewRegistry, role: Role, provider: Provider, log: list[dict[str, Any]]
) -> None:
    """AC3."""
    async with load(orders=profile(role, provider, "4s")) as registry:
        begun = time.monotonic()
        await use(registry)
        fine = await registry.health("orders")
        provider.stop()
        await passed(begun + 3.3)
        await use(registry)
        await wait_until(lambda: provider.asked == 2)
        await wait_until(lambda: bool(warnings(log)))
        await use(registry)
        warned = await registry.health("orders")
        await passed(begun + 4.1)
        with pytest.raises(ConfigError) as failed:
            await use(registry)
        down = await registry.health("orders")
        provider.start()
        await use(registry)
        again = await registry.health("orders")

    assert (fine.status, again.status) == (Status.HEALTHY, Status.HEALTHY)
    assert (warned.status, warned.reason) == (Status.DEGRADED, "secret_unavailable")
    assert "exit status 1" in warned.hint
    assert (down.status, down.reason) == (Status.UNHEALTHY, "misconfigured")
    assert "exit status 1" in str(failed.value)
    assert len(warnings(log)) == 1
    assert warnings(log)[0]["extra"]["profile"] == "orders"
    assert "c4n4ry" not in str(failed.value) + warned.hint + str(log)


async def test_connections_are_replaced_before_their_secret_ends_and_none_is_cut(
    load: NewRegistry, role: Role, provider: Provider
) -> None:
    pooled = {"size": 5, "max_overflow": 0}
    async with load(orders=profile(role, provider, "2s", pool=pooled)) as registry:
        async with registry.connect("orders") as held:
            begun = time.monotonic()
            first = (await held.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            work = Load(registry, "orders")
            work.start(5)
            await wait_until(lambda: len(work.pids) == 4)
            early = set(work.pids)
            await wait_until(lambda: len(work.pids - early) >= 4, 10)
            replaced = time.monotonic() - begun
            still = (await held.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        await work.stop()
        stats = registry.stats("orders")

    assert work.failed == []
    assert still == first
    assert replaced < 4
    assert stats.closed_by["lifetime"] >= 5
    assert set(stats.closed_by) <= {"lifetime", "retired"}


def warnings(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        record
        for record in log
        if record["level"].name == "WARNING" and "gives no secret" in record["message"]
    ]

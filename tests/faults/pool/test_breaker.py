"""A circuit breaker answers for a server that cannot be had, and has one connect find out for all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from statistics import median
from typing import Any

import pytest
from sqlalchemy import text

from connmgr import CircuitOpen, ConnmgrError, FailureKind, PoolTimeout, Registry, failure_of
from tests.rig.failed import error_of
from tests.rig.ports import LOOPBACK, free_port
from tests.rig.postgres import PostgresServer
from tests.rig.proxy import FaultProxy
from tests.rig.wait import wait_until

Load = Callable[..., Registry]
NAME, OTHER = "orders", "customers"
BREAKER = {"failures": 3, "window": "10s", "cooldown": "300ms"}
LONG = 60


async def ask(registry: Registry, name: str = NAME) -> int:
    async with registry.session(name) as session:
        return int(await session.scalar(text("SELECT 1")) or 0)


@pytest.fixture
async def registry(load: Load, postgres: PostgresServer, proxy: FaultProxy) -> AsyncIterator[Registry]:
    profile = {
        "url": postgres.url(port=proxy.port, sslmode="disable"),
        "pool": {"timeout": "100ms", "liveness_timeout": "50ms"},
        "timeouts": {"connect": "100ms"},
        "breaker": BREAKER,
    }
    async with load(orders=profile, customers={"url": postgres.url()}) as registry:
        yield registry


async def open_breaker(registry: Registry) -> CircuitOpen:
    """Ask until the breaker refuses."""
    for _ in range(10):
        error = await error_of(ask(registry))
        if isinstance(error, CircuitOpen):
            return error
        assert isinstance(error, PoolTimeout)
    pytest.fail("the breaker did not open")


async def test_an_open_breaker_answers_at_once_with_the_cause_and_the_next_try(
    registry: Registry, proxy: FaultProxy
) -> None:
    proxy.deaf = True

    error = await open_breaker(registry)

    assert isinstance(error, ConnmgrError)
    assert 0 < error.retry_after <= 0.3
    assert "profile 'orders': refused at once, its breaker is open; tried again in 0." in str(error)
    assert "(timeout)" in str(error)
    assert failure_of(error).kind is FailureKind.TIMEOUT
    assert registry.stats(NAME).rejected > 0


async def test_of_200_tasks_none_waits_and_one_connect_per_interval_finds_out(
    registry: Registry, proxy: FaultProxy
) -> None:
    proxy.deaf = True
    await open_breaker(registry)
    await wait_until(lambda: registry.stats(NAME).connecting == 0)
    accepted, failed = proxy.accepted, registry.stats(NAME).failed
    took: list[float] = []

    async def knock() -> None:
        while registry.stats(NAME).failed < failed + 3:
            begun = time.perf_counter()
            assert isinstance(await error_of(ask(registry)), CircuitOpen)
            took.append(time.perf_counter() - begun)
            await asyncio.sleep(0.05)

    await asyncio.gather(*(knock() for _ in range(200)))

    # Three failed, one after the other; a fourth may be under way.
    assert 3 <= proxy.accepted - accepted <= 4
    assert len(took) > 200
    assert median(took) < 0.1  # the figure is the benchmark's; here, that none waited for a connect


async def test_it_closes_by_itself_when_the_server_is_back(registry: Registry, proxy: FaultProxy) -> None:
    proxy.deaf = True
    await open_breaker(registry)

    proxy.heal()
    # Nobody asks meanwhile: the probe is no caller's.
    await wait_until(lambda: registry.stats(NAME).idle == 1)

    assert await ask(registry) == 1
    assert registry.stats(NAME).created == 1


async def test_those_who_wait_when_it_opens_are_told(registry: Registry, proxy: FaultProxy) -> None:
    proxy.refuse()

    errors = [await error_of(ask(registry)) for _ in range(1)]
    errors += await asyncio.gather(*(error_of(ask(registry)) for _ in range(20)))

    assert {type(error) for error in errors} <= {CircuitOpen, type(errors[0])}
    assert any(isinstance(error, CircuitOpen) for error in errors)


async def test_other_profiles_do_not_notice(registry: Registry, proxy: FaultProxy) -> None:
    proxy.deaf = True
    await open_breaker(registry)

    assert await ask(registry, OTHER) == 1
    assert registry.stats(OTHER).rejected == 0


async def test_a_pool_that_is_merely_full_does_not_open_it(load: Load, postgres: PostgresServer) -> None:
    pool = {"size": 1, "max_overflow": 0, "timeout": "500ms"}
    async with load(orders={"url": postgres.url(), "pool": pool, "breaker": BREAKER}) as registry:
        async with registry.session(NAME) as session:
            await session.execute(text("SELECT 1"))
            errors = await asyncio.gather(*(error_of(ask(registry)) for _ in range(5)))
        served = await ask(registry)

    assert {type(error).__name__ for error in errors} == {"PoolTimeout"}
    assert served == 1


async def test_without_the_setting_there_is_none(load: Load) -> None:
    url = f"postgresql://app@{LOOPBACK}:{free_port()}/orders?sslmode=disable"
    async with load(orders={"url": url, "pool": {"timeout": "20ms"}}) as registry:
        errors = [await error_of(ask(registry)) for _ in range(10)]

    assert not any(isinstance(error, CircuitOpen) for error in errors)


@pytest.mark.parametrize("back", [False, True])
async def test_where_there_is_no_pool_it_works_as_well(
    load: Load, postgres: PostgresServer, proxy: FaultProxy, back: bool
) -> None:
    profile: dict[str, Any] = {
        "url": postgres.url(port=proxy.port, sslmode="disable"),
        "pool": {"mode": "none"},
        "breaker": BREAKER,
    }
    async with load(orders=profile) as registry:
        proxy.refuse()
        errors = [await error_of(ask(registry)) for _ in range(4)]
        assert [isinstance(error, CircuitOpen) for error in errors] == [False, False, False, True]
        if back:
            await proxy.listen()
            await wait_until(lambda: registry.stats(NAME).closed == 1)
            assert await ask(registry) == 1


@pytest.mark.alone
async def test_what_a_pool_has_is_used_while_its_server_is_full(
    load: Load, own_postgres: PostgresServer
) -> None:
    """A connect too many is no reason to refuse those whom the connections that are there can serve."""
    own_postgres.sql("ALTER ROLE app CONNECTION LIMIT 2")
    pool = {"size": 2, "max_overflow": 3, "timeout": "500ms"}
    profile = {"url": own_postgres.url(), "pool": pool, "breaker": {"failures": 2, "cooldown": "200ms"}}
    async with load(orders=profile) as registry:
        async with registry.connect(NAME), registry.connect(NAME):
            assert isinstance(await error_of(ask(registry)), PoolTimeout)
            assert isinstance(await error_of(ask(registry)), PoolTimeout)

        served = await asyncio.gather(*(ask(registry) for _ in range(50)))

    assert served == [1] * 50


async def test_a_probe_that_is_given_up_is_followed_by_another(registry: Registry, proxy: FaultProxy) -> None:
    proxy.deaf = True
    await open_breaker(registry)
    await wait_until(lambda: registry.stats(NAME).breaker == "half_open", what="the probe")

    await registry.engine(NAME).dispose()
    proxy.heal()

    await wait_until(lambda: registry.stats(NAME).breaker == "closed", what="another probe")
    assert await ask(registry) == 1


async def test_idle_connections_are_used_while_new_ones_fail_and_an_answer_closes_it(
    load: Load, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    """The way for new connections is blocked, and that of the old ones is not."""
    profile = {
        "url": postgres.url(port=proxy.port, sslmode="disable"),
        "pool": {"timeout": "200ms", "liveness_window": "1h"},
        "breaker": {"failures": 1, "cooldown": LONG},
    }
    async with load(orders=profile) as registry:
        async with registry.connect(NAME):
            proxy.refuse()
            assert isinstance(await error_of(ask(registry)), CircuitOpen)

        assert await ask(registry) == 1
        assert registry.stats(NAME).breaker == "open"
        handle = registry._engines.get(NAME)
        assert handle is not None
        handle.pool.check_idle(handle.pool.idle[0])

        await wait_until(lambda: registry.stats(NAME).breaker == "closed", what="the answer")

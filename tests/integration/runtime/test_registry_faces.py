"""What a registry gives out by name: engines, session makers, settings, counters, a yes or no."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from connmgr import ConfigError, EngineRetired, PoolStats, Registry, RegistryClosed, Status
from connmgr.target import SQLiteTarget

Load = Callable[..., Registry]
MEMORY = {"url": "sqlite://"}
UNSET = {"url": "${ORDERS_URL:?set it to the database of the orders}"}
SERVER = {"url": "postgresql://app@127.0.0.1:1/orders", "pool": {"size": 10, "max_overflow": 20}}


async def test_an_engine_is_the_same_one_until_the_registry_closes(load: Load) -> None:
    async with load(orders=MEMORY) as registry:
        engine = registry.engine("orders")

        assert isinstance(engine, AsyncEngine)
        assert registry.engine("orders") is engine
        async with engine.connect() as connection:
            assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1

    with pytest.raises(EngineRetired, match=r"profile 'orders': this engine has left service"):
        await engine.connect()


async def test_a_session_maker_made_before_the_registry_is_open_works_while_it_is(load: Load) -> None:
    registry = load(orders=MEMORY)
    make = registry.sessionmaker("orders")

    with pytest.raises(RegistryClosed):
        make()
    for _ in range(2):
        async with registry, make() as session:
            assert (await session.execute(text("SELECT 1"))).scalar_one() == 1


async def test_a_dependency_lends_a_session_and_closes_it(load: Load) -> None:
    registry = load(orders=MEMORY)
    dependency = registry.dependency("orders")

    async with registry:
        lending = dependency()
        session = await anext(lending)
        assert (await session.execute(text("SELECT 1"))).scalar_one() == 1
        in_use = registry.stats("orders").in_use
        with pytest.raises(StopAsyncIteration):
            await anext(lending)

        assert (in_use, registry.stats("orders").in_use) == (1, 0)


async def test_an_error_of_the_request_goes_through_the_dependency(load: Load) -> None:
    error = ValueError("the request failed")

    async with load(orders=MEMORY) as registry:
        lending = registry.dependency("orders")()
        session = await anext(lending)
        await session.execute(text("SELECT 1"))
        with pytest.raises(ValueError, match="the request failed") as failure:
            await lending.athrow(error)  # type: ignore[attr-defined]

        assert failure.value is error
        assert registry.stats("orders").in_use == 0


def test_settings_are_resolved_without_a_database_or_a_loop(load: Load, tmp_path: Path) -> None:
    environ = {"ORDERS_URL": f"sqlite:///{tmp_path}/orders.db"}

    settings = load(environ, orders=UNSET).settings("orders")

    assert settings.target == SQLiteTarget(f"{tmp_path}/orders.db")
    assert list(tmp_path.glob("*.db")) == []


def test_counters_of_a_profile_that_is_not_in_use_are_zero(load: Load) -> None:
    registry = load(orders=SERVER, test=MEMORY)

    assert registry.stats("orders") == PoolStats("pooled", 10, 30)
    assert registry.stats("test") == PoolStats("none", 0, None)


async def test_counters_are_read_without_connecting(load: Load) -> None:
    async with load(orders=SERVER) as registry:
        registry.engine("orders")

        assert registry.stats("orders") == PoolStats("pooled", 10, 30)


async def test_a_reference_that_is_not_set_fails_its_profile_alone(load: Load) -> None:
    async with load(orders=UNSET, test=MEMORY) as registry:
        with pytest.raises(ConfigError) as failure:
            registry.session("orders")
        async with registry.session("test") as session:
            assert (await session.execute(text("SELECT 1"))).scalar_one() == 1

    (problem,) = failure.value.problems
    assert Path(problem.place.file).name == "orders.yaml"
    assert "ORDERS_URL is not set" in problem.found
    assert problem.hint == "set it to the database of the orders"


async def test_a_reference_that_is_set_later_brings_its_profile_to_life(load: Load) -> None:
    environ: dict[str, str] = {}

    async with load(environ, orders=UNSET) as registry:
        before = await registry.is_healthy("orders")
        environ["ORDERS_URL"] = "sqlite://"
        after = await registry.is_healthy("orders")

    assert (before, after) == (False, True)


@pytest.mark.parametrize("critical", [True, False])
async def test_health_says_misconfigured_for_what_is_not_set(load: Load, *, critical: bool) -> None:
    async with load(orders={**UNSET, "health": {"critical": critical}}, test=MEMORY) as registry:
        reports = await registry.health_all()

    assert set(reports) == {"orders", "test"}
    assert reports["test"].status is Status.HEALTHY
    assert reports["orders"].status is Status.UNHEALTHY
    assert reports["orders"].reason == "misconfigured"
    assert reports["orders"].critical is critical
    assert reports["orders"].pool is None


async def test_is_healthy_says_no_for_a_database_that_is_down(load: Load) -> None:
    async with load(orders=SERVER, test=MEMORY) as registry:
        assert await registry.is_healthy("orders") is False
        assert await registry.is_healthy("test") is True

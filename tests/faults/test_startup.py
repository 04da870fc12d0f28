"""Profiles that are wanted as the registry opens: reached in time, or told of, or reason not to open."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from connmgr import ConfigError, ConnmgrError, FailureKind, Registry, StartupFailed, failure_of
from tests.rig.failed import error_of
from tests.rig.ports import LOOPBACK, free_port
from tests.rig.postgres import PostgresServer
from tests.rig.proxy import FaultProxy
from tests.rig.wait import wait_until
from tests.rig.wire import ErrorAnswer, ScriptedServer

Load = Callable[..., Registry]
NAME = "orders"
LONG = 60
SECRET = "s3cr3t-canary"


def away() -> str:
    return f"postgresql://app@{LOOPBACK}:{free_port()}/orders?sslmode=disable"


def wanted(url: str, startup: str, timeout: str = "100ms") -> dict[str, object]:
    return {"url": url, "startup": startup, "timeouts": {"startup": timeout}}


async def use(registry: Registry) -> None:
    async with registry:
        pass


@pytest.mark.parametrize("startup", ["warn", "fail"])
async def test_what_is_wanted_is_connected_when_the_registry_is_open(
    load: Load, postgres: PostgresServer, startup: str
) -> None:
    async with load(orders=wanted(postgres.url(), startup, "10s")) as registry:
        assert registry.stats(NAME).idle == 1


async def test_what_is_lazy_is_left_alone(load: Load, postgres: PostgresServer) -> None:
    async with load(orders=wanted(postgres.url(), "lazy")) as registry:
        assert registry.stats(NAME).created == 0


async def test_with_fail_the_registry_does_not_open(load: Load, postgres: PostgresServer) -> None:
    registry = load(
        orders=wanted(away(), "fail"),
        customers=wanted(postgres.url(), "fail"),
        optional=wanted(away(), "warn"),
    )

    error = await error_of(use(registry))

    assert isinstance(error, StartupFailed)
    assert isinstance(error, ConnmgrError)
    assert list(error.failures) == [NAME]
    assert failure_of(error.failures[NAME].__cause__ or error).kind is FailureKind.REFUSED
    assert "the registry did not open" in str(error)
    assert "orders: no connection within 0.1 s (timeouts.startup); the last failed (refused)" in str(error)
    assert repr(registry).startswith("<Registry closed")


async def test_with_warn_it_opens_and_joins_when_the_database_is_there(
    load: Load, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    proxy.refuse()
    url = postgres.url(port=proxy.port, sslmode="disable")
    async with load(orders=wanted(url, "warn")) as registry:
        await proxy.listen()

        async with registry.session(NAME) as session:
            assert await session.scalar(text("SELECT 1")) == 1


@pytest.mark.parametrize("is_silent", [False, True])
async def test_a_database_that_comes_in_time_is_waited_for(
    load: Load, postgres: PostgresServer, proxy: FaultProxy, is_silent: bool
) -> None:
    if is_silent:
        proxy.deaf = True  # the pool's time is up before the connect's is
    else:
        proxy.refuse()
    profile = wanted(postgres.url(port=proxy.port, sslmode="disable"), "fail", "60s")
    registry = load(orders={**profile, "pool": {"timeout": "50ms"}})
    opening = asyncio.create_task(registry.__aenter__())
    await wait_until(lambda: NAME in repr(registry) and registry.stats(NAME).timeouts > 1)

    proxy.deaf = False
    if not is_silent:
        await proxy.listen()
    await asyncio.wait_for(opening, LONG)

    assert registry.stats(NAME).idle == 1
    await registry.close()


async def test_what_will_not_pass_is_not_waited_for(load: Load, postgres: PostgresServer) -> None:
    begun = time.monotonic()

    error = await error_of(use(load(orders=wanted(postgres.url(password="wrong"), "fail", "60s"))))

    assert isinstance(error, StartupFailed)
    assert failure_of(error.failures[NAME]).kind is FailureKind.AUTHENTICATION
    assert time.monotonic() - begun < LONG / 2


async def test_settings_that_cannot_be_had_keep_it_from_opening_with_each_of_them_named(load: Load) -> None:
    registry = load(
        orders={"url": "${NOSUCH}", "startup": "fail"}, customers={"url": "${NONE}", "startup": "fail"}
    )

    error = await error_of(use(registry))

    assert isinstance(error, StartupFailed)
    assert {type(each) for each in error.failures.values()} == {ConfigError}
    assert "NOSUCH is not set" in str(error)
    assert "NONE is not set" in str(error)
    assert repr(registry).startswith("<Registry closed")


async def test_an_optional_profile_whose_settings_cannot_be_had_keeps_nothing_from_opening(
    load: Load, log: list[dict[str, Any]]
) -> None:
    profiles = {"orders": {"url": "${NOSUCH}", "startup": "warn"}, "other": {"url": "sqlite://"}}
    async with load(**profiles) as registry, registry.session("other") as session:
        assert await session.scalar(text("SELECT 1")) == 1

    assert any("NOSUCH is not set" in record["message"] for record in log)


async def test_a_secret_that_a_server_says_back_is_masked(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PW", SECRET)
    async with ScriptedServer(ErrorAnswer("28P01", f"no user with password {SECRET}")) as server:
        url = f"postgresql://app@{LOOPBACK}:{server.port}/orders?sslmode=disable"
        error = await error_of(use(load(orders={"url": url, "password": {"env": "PW"}, "startup": "fail"})))

    assert isinstance(error, StartupFailed)
    assert SECRET not in str(error)
    assert "********" in str(error)


async def test_a_close_during_start_ends_it(load: Load, postgres: PostgresServer, proxy: FaultProxy) -> None:
    proxy.deaf = True
    profile = wanted(postgres.url(port=proxy.port, sslmode="disable"), "fail", "60s")
    registry = load(orders=profile)
    opening = asyncio.create_task(registry.__aenter__())
    await wait_until(lambda: proxy.accepted == 1)

    await asyncio.wait_for(registry.close(grace=0), LONG)

    assert isinstance(await asyncio.wait_for(error_of(opening), LONG), StartupFailed)


async def test_a_cancelled_start_leaves_nothing(
    load: Load, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    proxy.deaf = True
    profile = wanted(postgres.url(port=proxy.port, sslmode="disable"), "fail", "60s")
    registry = load(orders=profile)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await use(registry)

    assert repr(registry).startswith("<Registry closed")

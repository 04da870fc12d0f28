"""`retry.connect`: how often and at which pauses connects that may pass are tried again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from sqlalchemy import text

from connmgr import FailureKind, PoolTimeout, Registry, failure_of
from tests.rig.failed import error_of
from tests.rig.ports import LOOPBACK, free_port
from tests.rig.postgres import PostgresServer
from tests.rig.proxy import FaultProxy
from tests.rig.wait import wait_until

Load = Callable[..., Registry]
NAME = "orders"
LONG = 60


def profile(url: str, **connect: object) -> dict[str, object]:
    return {"url": url, "pool": {"timeout": LONG}, "retry": {"connect": connect}}


def away() -> str:
    return f"postgresql://app@{LOOPBACK}:{free_port()}/orders?sslmode=disable"


async def ask(registry: Registry) -> int:
    async with registry.session(NAME) as session:
        return int(await session.scalar(text("SELECT 1")) or 0)


async def test_after_so_many_failed_connects_a_caller_gets_the_error_of_the_last(load: Load) -> None:
    async with load(orders=profile(away(), attempts=3, initial="1ms", max="1ms")) as registry:
        error = await error_of(ask(registry))

        assert isinstance(error, ConnectionRefusedError)
        assert failure_of(error).kind is FailureKind.REFUSED
        assert registry.stats(NAME).failed == 3


async def test_each_caller_sees_as_many_however_late_it_came(load: Load) -> None:
    async with load(orders=profile(away(), attempts=5, initial="20ms", max="20ms")) as registry:
        first = asyncio.create_task(error_of(ask(registry)))
        await wait_until(lambda: registry.stats(NAME).failed >= 2)
        second = asyncio.create_task(error_of(ask(registry)))

        await first
        seen_by_first = registry.stats(NAME).failed
        await second

        assert seen_by_first == 5
        assert 7 <= registry.stats(NAME).failed <= 8


async def test_many_callers_share_the_attempts(load: Load) -> None:
    async with load(orders=profile(away(), attempts=4, initial="10ms", max="10ms")) as registry:
        errors = await asyncio.gather(*(error_of(ask(registry)) for _ in range(50)))

        assert {type(error) for error in errors} == {ConnectionRefusedError}
        assert registry.stats(NAME).failed <= 6


async def test_a_server_that_comes_back_before_the_last_attempt_is_found(
    load: Load, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    proxy.refuse()
    url = postgres.url(port=proxy.port, sslmode="disable")
    async with load(orders=profile(url, attempts=1000, initial="5ms", max="5ms")) as registry:
        waiting = asyncio.create_task(ask(registry))
        await wait_until(lambda: registry.stats(NAME).failed >= 3)
        await proxy.listen()

        assert await asyncio.wait_for(waiting, LONG) == 1


async def test_without_a_number_it_goes_on_until_the_pools_deadline(load: Load) -> None:
    values = {**profile(away(), initial="5ms", max="5ms"), "pool": {"timeout": "200ms"}}
    async with load(orders=values) as registry:
        assert isinstance(await error_of(ask(registry)), PoolTimeout)
        assert registry.stats(NAME).failed > 5


async def test_the_pauses_are_the_profiles(load: Load) -> None:
    async with load(orders=profile(away(), attempts=3, initial="200ms", max="1s", jitter=0)) as registry:
        begun = time.monotonic()
        await error_of(ask(registry))

        assert time.monotonic() - begun >= 2 * 0.2 * 0.9


async def test_a_wrong_password_is_not_tried_again(load: Load, postgres: PostgresServer) -> None:
    url = postgres.url(password="wrong")
    async with load(orders=profile(url, attempts=100, initial="1ms", max="1ms")) as registry:
        error = await error_of(ask(registry))

        assert failure_of(error).kind is FailureKind.AUTHENTICATION
        assert registry.stats(NAME).failed == 1

"""Checkouts and `run` are spans below the application's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import Span, StatusCode
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from connmgr import PoolTimeout, Registry
from connmgr.telemetry import Instrumentation, instrument
from tests.rig.pool import PID
from tests.rig.telemetry import Sdk
from tests.rig.wait import wait_until

Orders = Callable[..., Registry]
POOL = {"db.client.connection.pool.name": "orders", "db.system.name": "postgresql"}
DEADLOCK = text("DO $$ BEGIN RAISE SQLSTATE '40P01' USING MESSAGE = 'of a customer'; END $$")


def parent(span: ReadableSpan) -> int | None:
    return span.parent.span_id if span.parent else None


def identity(span: Span | ReadableSpan) -> int:
    context = span.get_span_context()
    assert context is not None
    return context.span_id


def seconds(span: ReadableSpan) -> float:
    assert span.start_time is not None
    assert span.end_time is not None
    return (span.end_time - span.start_time) / 1e9


def traced(registry: Registry, sdk: Sdk) -> Instrumentation:
    return instrument(registry, meter_provider=sdk.meters, tracer_provider=sdk.tracers)


def a_request(sdk: Sdk) -> AbstractContextManager[Span]:
    """A span of the application's."""
    return sdk.tracers.get_tracer("app").start_as_current_span("request")


async def pid(registry: Registry) -> None:
    async with registry.connect("orders") as connection:
        await connection.execute(PID)


async def test_a_checkout_is_a_span_below_the_applications(orders: Orders, sdk: Sdk) -> None:
    async with orders() as registry:
        with traced(registry, sdk), a_request(sdk) as request:
            async with registry.session("orders") as session:
                await session.execute(PID)
        stats = registry.stats("orders")

    (checkout,) = sdk.spans["connmgr.checkout"]
    assert parent(checkout) == identity(request)
    assert checkout.attributes == POOL
    assert checkout.status.status_code is StatusCode.UNSET
    assert seconds(checkout) == pytest.approx(stats.wait.total, abs=1e-5)


async def test_without_a_span_of_the_applications_a_checkout_is_none(orders: Orders, sdk: Sdk) -> None:
    async with orders() as registry:
        with traced(registry, sdk):
            await pid(registry)

    assert sdk.spans == {}


async def test_a_checkout_that_times_out_is_a_span_with_its_error(orders: Orders, sdk: Sdk) -> None:
    async with orders(pool={"size": 1, "max_overflow": 0, "timeout": "50ms"}) as registry:
        with traced(registry, sdk):
            async with registry.connect("orders"):
                with a_request(sdk) as request, pytest.raises(PoolTimeout):
                    await pid(registry)

    (checkout,) = sdk.spans["connmgr.checkout"]
    assert parent(checkout) == identity(request)
    assert checkout.attributes == {**POOL, "error.type": "PoolTimeout"}
    assert (checkout.status.status_code, checkout.status.description) == (StatusCode.ERROR, "pool_timeout")
    assert 0.04 < seconds(checkout) < 5


async def test_those_who_wait_have_each_their_own_parent(orders: Orders, sdk: Sdk) -> None:
    requests: list[int] = []

    async def request() -> None:
        with a_request(sdk) as span:
            requests.append(identity(span))
            await pid(registry)

    async with orders(pool={"size": 1, "max_overflow": 0, "timeout": "20s"}) as registry:
        with traced(registry, sdk):
            async with registry.connect("orders"):
                tasks = [asyncio.create_task(request()) for _ in range(5)]
                await wait_until(lambda: registry.stats("orders").waiting == 5)
            await asyncio.gather(*tasks)

    assert sorted(map(parent, sdk.spans["connmgr.checkout"]), key=str) == sorted(requests, key=str)


async def test_run_is_one_span_around_all_its_tries(orders: Orders, sdk: Sdk) -> None:
    tries = 0

    async def work(session: AsyncSession) -> None:
        nonlocal tries
        tries += 1
        await session.execute(DEADLOCK if tries == 1 else PID)

    async with orders() as registry:
        with traced(registry, sdk), a_request(sdk) as request:
            await registry.run("orders", work)

    (run,) = sdk.spans["connmgr.run"]
    assert parent(run) == identity(request)
    assert run.attributes == POOL
    assert run.status.status_code is StatusCode.UNSET
    assert tries == 2
    assert [parent(each) for each in sdk.spans["connmgr.checkout"]] == [identity(run)] * 2


async def test_run_that_fails_says_why_and_no_more(orders: Orders, sdk: Sdk) -> None:
    """The server's message may quote a row: it has no place in a trace."""

    async def work(session: AsyncSession) -> None:
        await session.execute(DEADLOCK)

    async with orders(retry={"transaction": {"attempts": 1}}) as registry:
        with traced(registry, sdk), pytest.raises(DBAPIError):
            await registry.run("orders", work)

    (run,) = sdk.spans["connmgr.run"]
    assert parent(run) is None
    assert run.attributes == {**POOL, "error.type": "40P01"}
    assert (run.status.status_code, run.status.description) == (StatusCode.ERROR, "deadlock")
    assert run.events == ()
    assert "of a customer" not in run.to_json()


async def test_a_run_that_is_cancelled_is_no_error(orders: Orders, sdk: Sdk) -> None:
    begun = asyncio.Event()

    async def work(session: AsyncSession) -> None:
        begun.set()
        await asyncio.get_running_loop().create_future()

    async with orders() as registry:
        with traced(registry, sdk):
            task = asyncio.create_task(registry.run("orders", work))
            await begun.wait()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    (run,) = sdk.spans["connmgr.run"]
    assert run.status.status_code is StatusCode.UNSET


async def test_sqlite_is_named_so(load: Callable[..., Registry], sdk: Sdk) -> None:
    async def work(session: AsyncSession) -> None:
        await session.execute(text("SELECT 1"))

    async with load(orders={"url": "sqlite://"}) as registry:
        with traced(registry, sdk):
            await registry.run("orders", work)

    assert {span.attributes["db.system.name"] for spans in sdk.spans.values() for span in spans} == {  # type: ignore[index]
        "sqlite"
    }

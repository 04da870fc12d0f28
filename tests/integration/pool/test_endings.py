"""A pool that is disposed of works on; one that is retired serves nobody, and leaves nothing open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest

from connmgr import EngineRetired, Registry
from tests.rig.pipe import Pipe
from tests.rig.pool import PID, Lab
from tests.rig.postgres import PostgresServer
from tests.rig.proxy import FaultProxy
from tests.rig.wait import wait_until

Load = Callable[..., Registry]
NewLab = Callable[..., Lab]
WHO = "connmgr-endings-test"


def profile(server: PostgresServer, **pool: object) -> dict[str, object]:
    sizes = {"size": 1, "max_overflow": 0, "timeout": "20s", **pool}
    return {"url": server.url(application_name=WHO, sslmode="disable"), "pool": sizes}


async def ask(registry: Registry) -> int:
    async with registry.connect("orders") as connection:
        return int((await connection.execute(PID)).scalar_one())


@pytest.mark.parametrize("pre_ping", ["auto", "always"])
async def test_dispose_ends_while_others_go_on_using_the_pool(new_lab: NewLab, pre_ping: str) -> None:
    lab = new_lab(size=2, max_overflow=1, timeout="20s", pre_ping=pre_ping)
    stop = asyncio.Event()

    async def work() -> None:
        while not stop.is_set():
            await lab.pid()

    workers = [asyncio.create_task(work()) for _ in range(6)]
    await wait_until(lambda: lab.stats.checkouts > 20)
    try:
        async with asyncio.timeout(10):
            for _ in range(3):
                await lab.engine.dispose()
    finally:
        stop.set()
        await asyncio.gather(*workers)

    stats = await lab.quiet()
    assert stats.timeouts == 0
    assert stats.closed_by["disposed"] >= 1


async def test_those_who_wait_during_dispose_are_served_after_it(new_lab: NewLab) -> None:
    lab = new_lab(size=1, max_overflow=0, timeout="20s")
    async with lab.engine.connect() as connection:
        before = (await connection.execute(PID)).scalar_one()
        waiter = asyncio.create_task(lab.pid())
        await wait_until(lambda: lab.stats.waiting == 1)
        await lab.engine.dispose()
        waiting = lab.stats.waiting

    assert waiting == 1
    assert await waiter != before
    assert lab.stats.closed_by == {"disposed": 1}


async def test_a_connect_under_way_during_dispose_is_given_up_and_its_caller_served_by_another(
    new_lab: NewLab, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    lab = new_lab(postgres.url(port=proxy.port, sslmode="disable"), size=1, max_overflow=0, timeout="20s")
    proxy.down = Pipe(stall=True)
    waiter = asyncio.create_task(lab.pid())
    await wait_until(lambda: lab.stats.connecting == 1)

    await lab.engine.dispose()
    proxy.heal()

    await waiter
    assert (lab.stats.created, lab.stats.open) == (1, 1)


async def test_one_that_is_tested_during_dispose_is_closed_when_it_passed(
    new_lab: NewLab, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    url = postgres.url(port=proxy.port, sslmode="disable")
    lab = new_lab(url, size=1, max_overflow=0, timeout="20s", liveness_timeout="5s")
    before = await lab.pid()
    lab.clock.advance(60)
    proxy.down = Pipe(stall=True)
    waiter = asyncio.create_task(lab.pid())
    await wait_until(lambda: lab.stats.liveness_pinged == 1)
    disposing = asyncio.create_task(lab.engine.dispose())
    await asyncio.sleep(0)

    proxy.heal()
    await disposing

    assert await waiter != before
    assert (lab.stats.closed_by, lab.stats.liveness_failed) == ({"disposed": 1}, 0)


async def test_dispose_that_is_cancelled_loses_nobody(
    new_lab: NewLab, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    lab = new_lab(
        postgres.url(port=proxy.port, sslmode="disable"),
        size=2, max_overflow=0, timeout="20s", connecting_limit=1,
    )  # fmt: skip
    proxy.down = Pipe(stall=True)
    waiters = [asyncio.create_task(lab.pid()) for _ in range(2)]
    await wait_until(lambda: lab.stats.connecting == 1)
    disposing = asyncio.create_task(lab.engine.dispose())
    await asyncio.sleep(0)
    disposing.cancel()
    await asyncio.wait({disposing})
    proxy.heal()

    assert len(await asyncio.gather(*waiters)) == 2


async def test_when_its_registry_closes_who_waits_is_told_that_the_engine_has_left_service(
    load: Load, postgres: PostgresServer
) -> None:
    registry = load(orders=profile(postgres))
    registry.open()
    holder = registry.connect("orders")
    await holder.__aenter__()
    waiters = [asyncio.create_task(ask(registry)) for _ in range(3)]
    await wait_until(lambda: registry.stats("orders").waiting == 3)

    await registry.close(grace=0)
    errors = await asyncio.gather(*waiters, return_exceptions=True)
    await holder.__aexit__(None, None, None)

    assert [type(error) for error in errors] == [EngineRetired] * 3
    await wait_until(lambda: postgres.backends(WHO) == 0)


async def test_who_holds_a_session_goes_on_checking_out_while_its_registry_closes(
    load: Load, postgres: PostgresServer
) -> None:
    registry = load(orders=profile(postgres, size=2))
    registry.open()
    async with registry.session("orders") as session, registry.session("orders") as not_begun:
        await session.execute(PID)
        closing = asyncio.create_task(registry.close(grace=30))
        await asyncio.sleep(0)

        for _ in range(3):
            await session.commit()
            await session.execute(PID)
        await not_begun.execute(PID)
        assert not closing.done()

    assert await closing == ()
    await wait_until(lambda: postgres.backends(WHO) == 0)


async def test_what_is_idle_tested_and_connecting_at_the_end_is_closed(
    new_lab: NewLab, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    url = postgres.url(port=proxy.port, application_name=WHO, sslmode="disable")
    lab = new_lab(url, size=4, max_overflow=0, timeout="20s", liveness_timeout="1s")
    await lab.fill(2)
    lab.clock.advance(60)
    await lab.pid()
    lab.clock.advance(0.1)
    proxy.down = Pipe(stall=True)
    lab.pool.check_idle(lab.pool.idle[0])
    callers = [asyncio.create_task(lab.pid())]
    await wait_until(lambda: lab.stats.in_use == 2)
    callers += [asyncio.create_task(lab.pid()) for _ in range(3)]
    await wait_until(lambda: lab.stats.connecting == 2)

    lab.pool.retire()
    await lab.engine.dispose()
    proxy.heal()
    errors = await asyncio.gather(*callers, return_exceptions=True)

    assert [type(error) for error in errors[1:]] == [EngineRetired] * 3
    stats = await lab.quiet()
    assert (stats.open, stats.connecting, stats.waiting) == (0, 0, 0)
    await wait_until(lambda: postgres.backends(WHO) == 0)


async def test_a_retired_pool_refuses_at_once_and_closes_what_comes_back(new_lab: NewLab) -> None:
    lab = new_lab(size=2, max_overflow=0, timeout="20s", min_idle=2)
    async with AsyncExitStack() as stack:
        await lab.hold(stack, 1)
        lab.pool.retire()
        await lab.engine.dispose()
        with pytest.raises(EngineRetired, match="profile 'orders': this engine has left service"):
            await lab.pid()
        lab.housekeep()

    stats = await lab.quiet()
    assert (stats.open, stats.created - stats.closed) == (0, 0)
    with pytest.raises(EngineRetired):
        await lab.pid()


async def test_who_is_served_a_dead_connection_as_the_pool_retires_does_not_wait_for_another(
    new_lab: NewLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = new_lab(size=1, max_overflow=0, timeout="20s")
    offer = lab.pool.offer

    def offer_and_end(record: object) -> None:
        offer(record)  # type: ignore[arg-type]
        record.link.terminate()  # type: ignore[attr-defined]
        lab.pool.retire()

    async with lab.engine.connect():
        waiter = asyncio.create_task(lab.pid())
        await wait_until(lambda: lab.stats.waiting == 1)
        monkeypatch.setattr(lab.pool, "offer", offer_and_end)

    with pytest.raises(EngineRetired):
        async with asyncio.timeout(5):
            await waiter

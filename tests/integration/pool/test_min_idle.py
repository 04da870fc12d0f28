"""`pool.min_idle` connections are ready ahead of need: from the first use on, and again after failures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest

from connmgr import PoolTimeout, Registry
from connmgr.engine.failures import classify
from connmgr.failure import FailureKind
from tests.rig.pool import Lab
from tests.rig.postgres import PostgresServer
from tests.rig.proxy import FaultProxy
from tests.rig.wait import wait_until

Load = Callable[..., Registry]
NewLab = Callable[..., Lab]


async def test_they_are_opened_at_the_first_use(load: Load, postgres: PostgresServer) -> None:
    pool = {"size": 4, "max_overflow": 0, "min_idle": 3}
    async with load(orders={"url": postgres.url(sslmode="disable"), "pool": pool}) as registry:
        before = registry.stats("orders").open
        async with registry.connect("orders"):
            await wait_until(lambda: registry.stats("orders").idle == 3)
        stats = registry.stats("orders")

    assert before == 0
    assert (stats.open, stats.created) == (4, 4)


async def test_they_never_make_the_pool_larger_than_its_size(new_lab: NewLab) -> None:
    lab = new_lab(size=2, max_overflow=3, min_idle=2)
    async with AsyncExitStack() as stack:
        await lab.hold(stack, 2)
        lab.housekeep()
        await wait_until(lambda: lab.stats.connecting == 0)

        assert (lab.stats.open, lab.stats.idle) == (2, 0)


async def test_those_that_die_are_made_up_for_without_a_caller(
    new_lab: NewLab, postgres: PostgresServer
) -> None:
    url = postgres.url(sslmode="disable", application_name="min-idle-test")
    lab = new_lab(url, size=3, max_overflow=0, min_idle=3)
    await lab.pid()
    await wait_until(lambda: lab.stats.idle == 3)

    postgres.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'min-idle-test'"
    )
    await wait_until(lambda: all(lab.driver.is_closed(record.link) for record in lab.pool.idle))
    lab.housekeep()

    await wait_until(lambda: lab.stats.idle == 3)
    assert lab.stats.closed_by == {"dead": 3}
    assert lab.stats.created == 6


async def test_after_a_failed_connect_they_are_made_up_for_once_the_pause_is_over(
    new_lab: NewLab, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    lab = new_lab(
        postgres.url(port=proxy.port, sslmode="disable"), size=3, max_overflow=0, min_idle=3, timeout="100ms"
    )
    proxy.refuse()
    with pytest.raises(PoolTimeout):
        await lab.pid()
    await lab.quiet()
    await proxy.listen()
    lab.housekeep()
    at_once = lab.stats.connecting

    lab.clock.advance(60)
    lab.housekeep()

    await wait_until(lambda: lab.stats.idle == 3)
    assert at_once == 0


async def test_a_wrong_password_is_not_tried_again_and_again(
    new_lab: NewLab, postgres: PostgresServer
) -> None:
    """Servers lock accounts out for that."""
    lab = new_lab(postgres.url(password="wrong", sslmode="disable"), size=3, max_overflow=0, min_idle=3)
    with pytest.raises(Exception, match="password") as failure:
        await lab.pid()
    stats = await lab.quiet()

    # The pause after which it would be tried again if somebody waited.
    await wait_until(lambda: lab.pool._connector._timer is None)
    for _ in range(5):
        lab.housekeep()
        await asyncio.sleep(0)

    assert classify(failure.value).kind is FailureKind.AUTHENTICATION
    assert (lab.stats.connecting, lab.stats.failed) == (0, stats.failed)
    assert stats.failed <= 2


async def test_those_that_were_idle_for_too_long_are_kept_down_to_it(new_lab: NewLab) -> None:
    lab = new_lab(size=4, max_overflow=0, min_idle=2, idle_timeout="10s")
    await lab.fill(4)

    lab.clock.advance(5)
    lab.housekeep()
    young = lab.stats.idle
    lab.clock.advance(6)
    lab.housekeep()

    assert (young, lab.stats.idle) == (4, 2)
    assert lab.stats.closed_by == {"idle": 2}


async def test_those_in_use_do_not_count_as_ready(new_lab: NewLab) -> None:
    lab = new_lab(size=4, max_overflow=0, min_idle=2, idle_timeout="10s", leak_detection_threshold="1h")
    await lab.fill(4)
    async with AsyncExitStack() as stack:
        await lab.hold(stack, 2)
        lab.clock.advance(11)

        lab.housekeep()

        assert (lab.stats.idle, lab.stats.closed) == (2, 0)


async def test_the_idle_time_does_not_take_from_a_caller_what_is_kept_ready(new_lab: NewLab) -> None:
    lab = new_lab(size=2, max_overflow=0, min_idle=1, idle_timeout="10s")
    await lab.fill(2)
    async with AsyncExitStack() as stack:
        await lab.hold(stack, 1)
        lab.clock.advance(11)
        (kept,) = lab.pool.idle

        async with lab.engine.connect() as connection:
            got = (await connection.get_raw_connection()).driver_connection

    assert got is kept.link
    assert lab.stats.closed == 0


async def test_those_that_are_asked_whether_they_live_are_not_made_up_for(new_lab: NewLab) -> None:
    lab = new_lab(size=4, max_overflow=0, min_idle=2, idle_timeout="1s", keepalive="500ms")
    await lab.fill(4)

    for _ in range(5):
        lab.clock.advance(0.9)
        lab.housekeep()
        await lab.quiet()

    stats = lab.stats
    assert (stats.idle, stats.created) == (2, 4)
    assert stats.liveness_pinged > 0

"""Connections end by the clock: not all at once, never in use, and not when they are merely kept warm."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack

from tests.rig.pool import Lab
from tests.rig.postgres import PostgresServer
from tests.rig.proxy import FaultProxy

NewLab = Callable[..., Lab]


async def test_lifetimes_differ_by_up_to_a_tenth(new_lab: NewLab) -> None:
    lab = new_lab(size=10, max_overflow=0, max_lifetime="1000s")
    await lab.fill(10)

    lifetimes = [record.expires_at - lab.clock.now for record in lab.pool.idle]

    assert all(900 <= lifetime <= 1000 for lifetime in lifetimes)
    assert len(set(lifetimes)) == 10


async def test_at_most_a_fifth_of_the_pool_ends_at_a_time(new_lab: NewLab) -> None:
    lab = new_lab(size=10, max_overflow=0, max_lifetime="1000s")
    await lab.fill(10)
    lab.clock.advance(899)
    lab.housekeep()
    before = lab.stats.open

    lab.clock.advance(102)
    left = []
    for _ in range(4):
        lab.housekeep()
        left.append(lab.stats.open)

    assert before == 10
    assert left == [8, 7, 6, 5]
    assert lab.stats.closed_by == {"lifetime": 5}


async def test_a_pool_of_one_is_renewed_too(new_lab: NewLab) -> None:
    lab = new_lab(size=1, max_overflow=0, max_lifetime="1000s")
    first = await lab.pid()

    lab.clock.advance(1001)
    lab.housekeep()

    assert await lab.pid() != first
    assert lab.stats.closed_by == {"lifetime": 1}


async def test_one_in_use_lives_on_until_it_is_back(new_lab: NewLab) -> None:
    lab = new_lab(size=2, max_overflow=0, max_lifetime="1000s", idle_timeout="10s")
    async with AsyncExitStack() as stack:
        (connection,) = await lab.hold(stack, 1)
        lab.clock.advance(5000)
        lab.housekeep()
        during = lab.stats

        assert (await connection.exec_driver_sql("SELECT 42")).scalar_one() == 42
    after = await lab.quiet()

    assert (during.open, during.closed) == (1, 0)
    assert (after.open, after.closed_by) == (0, {"lifetime": 1})


async def test_without_min_idle_an_idle_pool_becomes_empty(new_lab: NewLab) -> None:
    lab = new_lab(size=3, max_overflow=0, idle_timeout="10s")
    await lab.fill(3)

    lab.clock.advance(11)
    lab.housekeep()

    stats = await lab.quiet()
    assert (stats.open, stats.closed_by) == (0, {"idle": 3})


async def test_the_use_of_some_lets_the_others_become_idle(new_lab: NewLab) -> None:
    lab = new_lab(size=3, max_overflow=0, idle_timeout="10s")
    await lab.fill(3)

    for _ in range(4):
        lab.clock.advance(4)
        await lab.pid()
        lab.housekeep()

    assert (lab.stats.open, lab.stats.closed_by) == (1, {"idle": 2})


async def test_one_past_its_idle_time_goes_to_nobody(new_lab: NewLab) -> None:
    lab = new_lab(size=1, max_overflow=0, idle_timeout="10s")
    first = await lab.pid()
    lab.clock.advance(11)

    assert await lab.pid() != first
    assert lab.stats.closed_by == {"idle": 1}


async def test_keepalive_asks_what_is_silent_and_that_is_no_use(
    new_lab: NewLab, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    lab = new_lab(
        postgres.url(port=proxy.port, sslmode="disable"),
        size=3, max_overflow=0, keepalive="30s", idle_timeout="100s",
    )  # fmt: skip
    await lab.fill(3)
    pinged = []
    for _ in range(3):
        lab.clock.advance(31)
        lab.housekeep()
        await lab.quiet()
        lab.housekeep()
        pinged.append((await lab.quiet()).liveness_pinged)
    before = proxy.seen_up

    lab.clock.advance(8)
    lab.housekeep()

    assert pinged == [3, 6, 9]
    assert (lab.stats.open, lab.stats.closed_by) == (0, {"idle": 3})
    assert before <= proxy.seen_up


async def test_keepalive_leaves_no_need_of_a_test_at_checkout(new_lab: NewLab) -> None:
    lab = new_lab(size=1, max_overflow=0, keepalive="30s")
    await lab.fill(1)
    lab.clock.advance(31)
    lab.housekeep()
    await lab.quiet()

    await lab.pid()

    assert (lab.stats.liveness_pinged, lab.stats.liveness_skipped) == (1, 1)


async def test_keepalive_finds_the_dead_before_a_caller_does(
    new_lab: NewLab, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    lab = new_lab(
        postgres.url(port=proxy.port, sslmode="disable"),
        size=2, max_overflow=0, keepalive="30s", liveness_timeout="100ms", timeout="20s",
    )  # fmt: skip
    await lab.fill(2)
    proxy.blackhole()
    lab.clock.advance(31)

    lab.housekeep()
    stats = await lab.quiet()
    proxy.heal()
    await lab.pid()

    assert (stats.open, stats.liveness_failed, stats.closed_by) == (0, 2, {"dead": 2})
    assert lab.stats.timeouts == 0

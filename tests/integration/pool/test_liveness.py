"""What a connection must show before it is handed out, and what that costs on the wire."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest

from connmgr import Registry
from tests.rig.pool import Lab
from tests.rig.postgres import PostgresServer
from tests.rig.proxy import FaultProxy
from tests.rig.wait import wait_until

Load = Callable[..., Registry]
NewLab = Callable[..., Lab]
PING = len(b"Q\0\0\0\x0dSELECT 1\0")


async def borrow(lab: Lab) -> None:
    """Check a connection out and bring it back without a statement."""
    async with lab.engine.connect():
        pass


@pytest.fixture
def lab(new_lab: NewLab, postgres: PostgresServer, proxy: FaultProxy) -> Lab:
    """A pool of two connections through the proxy, which counts the bytes."""
    return new_lab(postgres.url(port=proxy.port, sslmode="disable"), size=2, max_overflow=0, timeout="20s")


async def test_what_was_used_within_the_window_goes_out_without_a_byte(lab: Lab, proxy: FaultProxy) -> None:
    await lab.fill(1)
    lab.clock.advance(0.5)
    before = proxy.seen_up

    await borrow(lab)

    assert proxy.seen_up == before
    assert (lab.stats.liveness_skipped, lab.stats.liveness_pinged) == (1, 0)


async def test_what_was_idle_for_longer_is_asked_with_one_message(lab: Lab, proxy: FaultProxy) -> None:
    await lab.fill(1)
    lab.clock.advance(0.6)
    before = proxy.seen_up

    await borrow(lab)

    assert proxy.seen_up == before + PING
    assert (lab.stats.liveness_skipped, lab.stats.liveness_pinged, lab.stats.liveness_failed) == (0, 1, 0)


@pytest.mark.parametrize(("pre_ping", "idle_for", "messages"), [("always", 0.0, 1), ("never", 3600.0, 0)])
async def test_always_and_never_ask_whatever_the_window(
    new_lab: NewLab,
    postgres: PostgresServer,
    proxy: FaultProxy,
    pre_ping: str,
    idle_for: float,
    messages: int,
) -> None:
    lab = new_lab(postgres.url(port=proxy.port, sslmode="disable"), size=1, pre_ping=pre_ping)
    await lab.fill(1)
    lab.clock.advance(idle_for)
    before = proxy.seen_up

    await borrow(lab)

    assert proxy.seen_up == before + messages * PING
    assert lab.stats.liveness_pinged == messages


async def test_a_closed_socket_is_found_without_a_byte_and_replaced(lab: Lab, proxy: FaultProxy) -> None:
    await lab.fill(2)
    for record in lab.pool.idle:
        record.link.terminate()

    await lab.pid()

    stats = await lab.quiet()
    assert stats.closed_by == {"dead": 2}
    assert (stats.liveness_pinged, stats.created, stats.timeouts) == (0, 3, 0)


async def test_one_that_does_not_answer_is_dead_at_the_limit_and_its_caller_gets_another(
    new_lab: NewLab, own_postgres: PostgresServer
) -> None:
    lab = new_lab(
        own_postgres.url(sslmode="disable"), size=1, max_overflow=0, timeout="20s", liveness_timeout="200ms"
    )
    frozen = await lab.pid()
    lab.clock.advance(60)
    os.kill(frozen, signal.SIGSTOP)
    try:
        started = time.monotonic()
        fresh = await lab.pid()
        took = time.monotonic() - started
    finally:
        os.kill(frozen, signal.SIGCONT)

    assert fresh != frozen
    assert 0.2 <= took < 5
    stats = await lab.quiet()
    assert (stats.liveness_pinged, stats.liveness_failed, stats.timeouts) == (1, 1, 0)
    assert stats.closed_by == {"dead": 1}


async def test_a_test_that_passed_leaves_no_transaction_open(
    new_lab: NewLab, postgres: PostgresServer
) -> None:
    lab = new_lab(size=1, max_overflow=0)
    pid = await lab.pid()
    lab.clock.advance(60)

    async with lab.engine.connect() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        assert not lab.driver.is_in_transaction(raw)
        state = f"SELECT state FROM pg_stat_activity WHERE pid = {pid}"
        await wait_until(lambda: postgres.sql(state) == "idle")


@pytest.mark.parametrize("by_housekeeping", [False, True])
async def test_one_death_makes_all_others_suspects_whatever_the_window(
    lab: Lab, by_housekeeping: bool
) -> None:
    await lab.fill(2)
    lab.pool.idle[-1].link.terminate()
    if by_housekeeping:
        lab.housekeep()

    await borrow(lab)

    assert (lab.stats.liveness_pinged, lab.stats.liveness_skipped) == (1, 0)


async def test_a_connection_lost_in_use_makes_all_others_suspects(lab: Lab) -> None:
    await lab.fill(2)
    async with AsyncExitStack() as stack:
        (connection,) = await lab.hold(stack, 1)
        (await connection.get_raw_connection()).driver_connection.terminate()
    before = lab.stats
    lab.clock.advance(0.1)

    await borrow(lab)

    assert lab.stats.liveness_pinged == before.liveness_pinged + 1
    assert lab.stats.liveness_skipped == before.liveness_skipped
    assert lab.stats.closed_by == {"dead": 1}


async def test_what_was_found_alive_is_no_suspect_any_more(lab: Lab, proxy: FaultProxy) -> None:
    await lab.fill(2)
    lab.pool.idle[-1].link.terminate()
    await borrow(lab)
    lab.clock.advance(0.1)
    await borrow(lab)
    before = proxy.seen_up

    await borrow(lab)

    assert proxy.seen_up == before


async def test_the_dead_are_replaced_without_an_error_for_anybody(lab: Lab, proxy: FaultProxy) -> None:
    """Their ends have not arrived here yet when the callers come."""
    await lab.fill(2)
    lab.clock.advance(60)
    proxy.reset()

    pids = await asyncio.gather(*(lab.pid() for _ in range(6)))

    stats = await lab.quiet()
    assert len(pids) == 6
    assert stats.closed_by == {"dead": 2}
    assert (stats.created, stats.timeouts, stats.failed) == (4, 0, 0)


async def test_with_always_one_that_is_passed_on_is_asked_too(new_lab: NewLab) -> None:
    lab = new_lab(size=1, max_overflow=0, pre_ping="always", timeout="20s")
    async with lab.engine.connect():
        waiter = asyncio.create_task(lab.pid())
        await wait_until(lambda: lab.stats.waiting == 1)
        before = lab.stats.liveness_pinged
    await waiter

    assert lab.stats.liveness_pinged == before + 1

"""When a breaker opens and closes, by a clock that the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from connmgr import CircuitOpen
from connmgr.engine.pool.breaker import build_breaker
from connmgr.engine.pool.meter import Meter
from tests.rig.failed import error_of
from tests.rig.pool import PID, Lab
from tests.rig.ports import LOOPBACK, free_port

NewLab = Callable[..., Lab]
SOON, LONG = 10, 60


def away() -> str:
    return f"postgresql://app@{LOOPBACK}:{free_port()}/orders?sslmode=disable"


async def use(lab: Lab) -> None:
    async with lab.engine.connect() as connection:
        await connection.execute(PID)


async def test_failures_count_for_as_long_as_the_window(new_lab: NewLab) -> None:
    lab = new_lab(breaker={"failures": 3, "window": "10s", "cooldown": LONG})
    told: list[CircuitOpen] = []
    meter = Meter(lab.pool.meter.settings, lab.driver, lab.clock)
    breaker = build_breaker(meter, told.append, lambda: None)
    assert breaker is not None

    for seconds in (0, 6, 5):
        lab.clock.advance(seconds)
        breaker.failed(ConnectionRefusedError("refused"))
    assert not breaker.is_open

    lab.clock.advance(1)
    breaker.failed(ConnectionRefusedError("refused"))

    assert breaker.is_open
    assert [error.retry_after for error in told] == [LONG]
    breaker.stop()


async def test_a_success_forgets_the_failures_before(new_lab: NewLab) -> None:
    lab = new_lab(breaker={"failures": 2})
    meter = Meter(lab.pool.meter.settings, lab.driver, lab.clock)
    breaker = build_breaker(meter, lambda _: None, lambda: None)
    assert breaker is not None

    breaker.failed(ConnectionRefusedError("refused"))
    breaker.succeeded()
    breaker.failed(ConnectionRefusedError("refused"))

    assert not breaker.is_open


async def test_whoever_waits_as_it_opens_is_told_and_nothing_connects_meanwhile(new_lab: NewLab) -> None:
    breaker = {"failures": 1, "cooldown": LONG}
    lab = new_lab(away(), breaker=breaker, size=5, min_idle=5, timeout=LONG)

    error = await asyncio.wait_for(error_of(use(lab)), SOON)

    assert isinstance(error, CircuitOpen)
    assert lab.pool.wanted() == 0

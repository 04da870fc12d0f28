"""Who holds a connection for too long is named, with the lines of theirs that took it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from connmgr import Registry
from connmgr.engine.pool import holders
from tests.rig.pool import PID, Lab
from tests.rig.postgres import PostgresServer
from tests.rig.wait import wait_until

Load = Callable[..., Registry]
NewLab = Callable[..., Lab]
Log = list[dict[str, Any]]
HERE = Path(__file__).name


async def take(lab: Lab, stack: AsyncExitStack, password: str = "of-a-customer") -> None:
    assert password
    await stack.enter_async_context(lab.engine.connect())


async def test_one_held_too_long_is_logged_once_and_noted_when_it_is_back(new_lab: NewLab, log: Log) -> None:
    lab = new_lab(size=1, max_overflow=0, leak_detection_threshold="10s")
    async with AsyncExitStack() as stack:
        await take(lab, stack)
        lab.clock.advance(10)
        lab.housekeep()
        in_time = list(log)
        lab.clock.advance(1)
        lab.housekeep()
        lab.housekeep()
        late = list(log)
        lab.clock.advance(1)

    assert in_time == []
    (event,) = late
    assert event["level"].name == "WARNING"
    assert event["extra"]["profile"] == "orders"
    assert event["extra"]["held_for"] == 11
    assert event["extra"]["task"] == asyncio.current_task().get_name()  # type: ignore[union-attr]
    (back,) = log[1:]
    assert (back["level"].name, back["extra"]["held_for"]) == ("INFO", 12)


async def test_one_that_comes_back_before_the_next_look_is_logged_then(new_lab: NewLab, log: Log) -> None:
    lab = new_lab(size=1, max_overflow=0, leak_detection_threshold="10s")
    async with AsyncExitStack() as stack:
        await take(lab, stack)
        lab.clock.advance(11)

    assert [(event["level"].name, event["extra"]["held_for"]) for event in log] == [
        ("WARNING", 11),
        ("INFO", 11),
    ]


async def test_the_stack_is_the_applications_and_has_no_locals(new_lab: NewLab, log: Log) -> None:
    lab = new_lab(size=1, max_overflow=0, leak_detection_threshold="10s")
    async with AsyncExitStack() as stack:
        await take(lab, stack)
        lab.clock.advance(11)
        lab.housekeep()

    stack_of_it = log[0]["extra"]["stack"]
    assert f"{HERE}:" in stack_of_it.splitlines()[0]
    assert "in take: await stack.enter_async_context" in stack_of_it.splitlines()[0]
    assert "sqlalchemy" not in stack_of_it
    assert "connmgr/engine" not in stack_of_it
    assert "of-a-customer" not in str(log)


async def test_one_that_is_taken_again_is_judged_anew(new_lab: NewLab, log: Log) -> None:
    lab = new_lab(size=1, max_overflow=0, leak_detection_threshold="10s")
    for _ in range(2):
        async with AsyncExitStack() as stack:
            await take(lab, stack)
            lab.clock.advance(11)
            lab.housekeep()

    assert [event["level"].name for event in log] == ["WARNING", "INFO"] * 2


async def test_one_that_its_holder_lost_is_not_noted_as_back(new_lab: NewLab, log: Log) -> None:
    lab = new_lab(size=1, max_overflow=0, leak_detection_threshold="10s")
    async with lab.engine.connect() as connection:
        lab.clock.advance(11)
        lab.housekeep()
        await connection.invalidate()

    assert [event["level"].name for event in log] == ["WARNING"]


async def test_without_a_threshold_nothing_is_noted_and_nobody_pays_for_a_stack(
    new_lab: NewLab, log: Log
) -> None:
    lab = new_lab(size=1, max_overflow=0)
    async with AsyncExitStack() as stack:
        await take(lab, stack)
        lab.clock.advance(10**6)
        lab.housekeep()
        (holder,) = holders(lab.pool.meter)

    assert log == []
    assert (holder.held_for, holder.stack) == (10**6, "")


async def test_holders_are_named_the_longest_first_and_those_who_wait_are_none(new_lab: NewLab) -> None:
    lab = new_lab(size=2, max_overflow=0, timeout="20s")
    release = asyncio.Event()

    async def hold() -> None:
        async with lab.engine.connect():
            await release.wait()

    tasks = []
    for name, out_and_waiting in (("first", (1, 0)), ("second", (2, 0)), ("waits", (2, 1))):
        tasks.append(asyncio.create_task(hold(), name=name))
        await wait_until(lambda now=out_and_waiting: (lab.stats.checkouts, lab.stats.waiting) == now)
        lab.clock.advance(5)
    found = holders(lab.pool.meter)
    release.set()
    await asyncio.gather(*tasks)

    assert [(holder.task, holder.held_for) for holder in found] == [("first", 15), ("second", 10)]
    assert holders(lab.pool.meter) == ()


@pytest.mark.parametrize("autocommit", [False, True])
async def test_the_registry_lists_the_holders_of_a_profile_with_their_lines(
    load: Load, postgres: PostgresServer, autocommit: bool
) -> None:
    profile = {"url": postgres.url(), "pool": {"size": 2, "leak_detection_threshold": "1h"}}
    async with load(orders=profile) as registry:
        before = registry.holders("orders")
        async with registry.session("orders", autocommit=autocommit) as session:
            await session.execute(PID)
            (holder,) = registry.holders("orders")
        after = registry.holders("orders")

    assert (before, after) == ((), ())
    assert holder.profile == "orders"
    assert 0 <= holder.held_for < 60
    assert f"{HERE}:" in holder.stack.splitlines()[0]

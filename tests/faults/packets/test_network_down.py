"""HikariCP's "database down": whoever asks has a live connection or an error within the contract.

Source: "Bad Behavior: Handling Database Down" in HikariCP's wiki, at 2.5 times its pace.
"""

from __future__ import annotations

import asyncio
import time

import pytest

from connmgr.engine.failures import classify
from connmgr.failure import FailureKind
from tests.faults.packets.load import POOL, fill, select
from tests.rig.timetable import answer, every, first_after, worst
from tests.rig.wait import wait_until

CONTRACT = 2.0
MARGIN = 1.0
BACK = 0.5
# A statement on a connection that had just been used is under way before anybody could know; only the
# kernel bounds it.
KERNEL = {"tcp_user_timeout": "1500"}
EXPECTED = {FailureKind.POOL_TIMEOUT, FailureKind.TIMEOUT, FailureKind.CONNECTION_LOST}


@pytest.fixture
async def registry(postgres, partition, load):
    pool = {**POOL, "timeout": CONTRACT}
    async with load(db={"url": postgres.url(**KERNEL), "pool": pool}) as registry:
        await fill(registry)
        yield registry
        partition.heal()


async def test_every_answer_is_in_time_while_the_network_is_down_and_the_first_after_it_is_good(
    postgres, partition, registry
):
    async with every(0.5, lambda: select(registry)) as answers:
        await wait_until(lambda: len(answers) >= 3, what="the load to run")
        partition.drop(postgres.port)
        await asyncio.sleep(8.0)

        partition.heal()
        healed = time.monotonic()
        await wait_until(
            lambda: sum(answer.begun > healed for answer in answers) >= 3, what="the load after it"
        )

    errors = [answer.error for answer in answers if answer.error]
    assert len(errors) >= 8
    assert {classify(error).kind for error in errors} <= EXPECTED
    assert worst(answers) <= CONTRACT + MARGIN
    first = first_after(healed, answers)
    assert first.error is None
    assert first.took <= BACK


@pytest.mark.parametrize(
    ("waiters", "seconds"), [(100, 6.0), pytest.param(200, 60.0, marks=pytest.mark.slow)]
)
async def test_each_of_many_waiters_is_answered_in_time_and_the_servers_return_is_no_stampede(
    postgres, partition, registry, waiters, seconds
):
    """Each asks again as soon as it is answered, as a busy application does."""
    answers, stop = [], asyncio.Event()

    async def ask() -> None:
        while not stop.is_set():
            answers.append(await answer(lambda: select(registry, seconds=0.01)))
            # A closed registry refuses at once: an interrupted run would go round here for ever.
            await asyncio.sleep(0)

    partition.drop(postgres.port)
    async with asyncio.TaskGroup() as group:
        for _ in range(waiters):
            group.create_task(ask())
        await asyncio.sleep(seconds)
        before = registry.stats("db").created
        partition.heal()
        healed = time.monotonic()
        await wait_until(
            lambda: sum(each.ended > healed and not each.error for each in answers) >= waiters,
            what="as many results as there are waiters",
        )
        stop.set()

    assert {classify(each.error).kind for each in answers if each.error} <= EXPECTED
    assert worst(answers) <= CONTRACT + MARGIN
    assert len([each for each in answers if each.error]) >= waiters * int(seconds / (CONTRACT + MARGIN))
    assert registry.stats("db").created - before <= POOL["size"]

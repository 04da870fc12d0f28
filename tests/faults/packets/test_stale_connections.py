"""Connections that a firewall forgot, and a server that is well: nobody sees an error."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.packets.load import POOL, fill, select
from tests.rig.timetable import answer, worst
from tests.rig.wait import wait_until

SOON = 1.5


@pytest.fixture
async def registry(postgres, load):
    """Five idle connections that are tested before they are handed out, like any that idled for a while."""
    pool = {**POOL, "timeout": "5s", "pre_ping": "always"}
    async with load(db={"url": postgres.url(), "pool": pool}) as registry:
        await fill(registry)
        yield registry


async def test_five_stale_connections_cost_no_request_and_the_first_one_half_a_second(
    postgres, partition, registry
):
    partition.drop_open(postgres.port)

    answers = [await answer(lambda: select(registry)) for _ in range(2 * POOL["size"])]

    assert [each.error for each in answers] == [None] * len(answers)
    assert worst(answers) <= SOON
    # The others are asked behind the callers' backs.
    await wait_until(lambda: registry.stats("db").liveness_failed == POOL["size"])
    assert registry.stats("db").closed_by["dead"] == POOL["size"]


async def test_a_crowd_on_five_stale_connections_is_served_soon(postgres, partition, registry):
    partition.drop_open(postgres.port)

    answers = await asyncio.gather(*(answer(lambda: select(registry)) for _ in range(20)))

    assert [each.error for each in answers] == [None] * len(answers)
    assert worst(answers) <= SOON

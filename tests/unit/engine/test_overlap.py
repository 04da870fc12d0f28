"""Engines of one profile share a bound while one takes another's place."""

from __future__ import annotations

import asyncio

from connmgr.engine.pool.overlap import Overlap


class Pool:
    """A pool of so many connections at most, which counts how often it may look for more."""

    def __init__(self, limit: int, held: int) -> None:
        self.limit = limit
        self.count = held
        self.refills = 0

    def held(self) -> int:
        return self.count

    def refill(self) -> None:
        self.refills += 1


def test_the_bound_is_so_many_times_the_largest_limit() -> None:
    overlap = Overlap(1.5)
    old, new = Pool(limit=10, held=8), Pool(limit=4, held=3)
    overlap.join(old)
    overlap.join(new)

    assert overlap.room() == 15 - 11
    new.count = 10
    assert overlap.room() == -3


async def test_each_is_told_once_in_the_next_turn_that_room_appeared() -> None:
    overlap = Overlap(2)
    old, new = Pool(2, 2), Pool(2, 2)
    overlap.join(old)
    overlap.join(new)

    for _ in range(3):
        overlap.freed()
    assert (old.refills, new.refills) == (0, 0)
    await asyncio.sleep(0)

    assert (old.refills, new.refills) == (1, 1)
    overlap.freed()
    await asyncio.sleep(0)
    assert old.refills == 2


async def test_who_leaves_counts_no_more_and_leaves_room_to_the_others() -> None:
    overlap = Overlap(1)
    old, new = Pool(3, 3), Pool(3, 0)
    overlap.join(old)
    overlap.join(new)
    assert overlap.room() == 0

    overlap.leave(old)
    await asyncio.sleep(0)

    assert overlap.room() == 3
    assert (old.refills, new.refills) == (0, 1)


def test_without_an_event_loop_nobody_is_told() -> None:
    overlap = Overlap(1)
    pool = Pool(1, 1)
    overlap.join(pool)

    overlap.freed()

    assert pool.refills == 0

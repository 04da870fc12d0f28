"""No more connections than seats, whoever wants one, gives up, or hangs up slowly."""

from __future__ import annotations

import asyncio
import random

import pytest

from connmgr.runtime.seats import Seats
from tests.rig.wait import wait_until


class Sitter:
    """Somebody with a connection; closing it takes a few turns of the loop."""

    def __init__(self, seats: Seats) -> None:
        self.seats = seats
        self.has_connection = False

    async def hang_up(self) -> None:
        """Close it, and be cancelled only after that, as the real one."""
        closing = asyncio.ensure_future(self._close())
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            await closing
            raise

    async def _close(self) -> None:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self.has_connection = False

    async def check(self) -> None:
        await self.seats.take(self)
        try:
            self.has_connection = True
            await asyncio.sleep(0)
        finally:
            if not self.seats.keep(self):
                try:
                    await self.hang_up()
                finally:
                    self.seats.leave()


async def test_a_seat_is_kept_from_check_to_check() -> None:
    seats = Seats(1)
    sitter = Sitter(seats)
    await sitter.check()

    assert await seats.take(sitter) is False
    assert sitter.has_connection


async def test_who_has_not_asked_for_longest_loses_a_kept_seat() -> None:
    seats = Seats(2)
    first, second, third = (Sitter(seats) for _ in range(3))
    for sitter in (first, second, first, third):
        await sitter.check()

    assert [sitter.has_connection for sitter in (first, second, third)] == [True, False, True]


async def test_those_who_wait_have_their_turn_in_order() -> None:
    seats = Seats(1)
    await seats.take(Sitter(seats))
    order: list[int] = []

    async def wait(number: int) -> None:
        assert await seats.take(Sitter(seats))
        order.append(number)
        seats.leave()

    async with asyncio.TaskGroup() as tasks:
        for number in range(5):
            tasks.create_task(wait(number))
        await asyncio.sleep(0)
        seats.leave()

    assert order == [0, 1, 2, 3, 4]


async def test_a_seat_that_is_given_up_is_free_when_its_connection_is_closed() -> None:
    seats = Seats(1)
    first, second = Sitter(seats), Sitter(seats)
    await first.check()
    giving_up = asyncio.create_task(seats.give_up(first))
    checking = asyncio.create_task(second.check())
    await wait_until(lambda: second.has_connection, poll=0, what="its connection")

    assert not first.has_connection
    await asyncio.gather(giving_up, checking)


async def test_who_is_cancelled_as_its_turn_passes_hears_of_the_cancellation() -> None:
    seats = Seats(1)
    await seats.take(Sitter(seats))
    waiting = asyncio.create_task(seats.take(Sitter(seats)))
    await asyncio.sleep(0)
    waiting.cancel()
    seats.leave()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await seats.take(Sitter(seats)) is False


@pytest.mark.parametrize("seed", range(20))
async def test_there_are_never_more_and_none_is_lost(seed: int) -> None:
    random_ = random.Random(seed)
    seats = Seats(3)
    sitters = [Sitter(seats) for _ in range(8)]
    most = 0

    async def come_and_go(sitter: Sitter) -> None:
        nonlocal most
        for _ in range(20):
            task = asyncio.create_task(sitter.check())
            for _ in range(random_.randrange(6)):
                await asyncio.sleep(0)
                most = max(most, sum(each.has_connection for each in sitters))
            if random_.random() < 0.4:
                task.cancel()
            await asyncio.wait({task})

    await asyncio.gather(*map(come_and_go, sitters))
    for sitter in sitters:
        await seats.give_up(sitter)

    assert most <= 3
    taken = [asyncio.create_task(seats.take(Sitter(seats))) for _ in range(3)]
    await wait_until(lambda: all(task.done() for task in taken), what="all three seats")
    assert not any(task.result() for task in taken)


async def test_with_fewer_seats_than_are_taken_nobody_gets_one_until_enough_are_left() -> None:
    seats = Seats(2)
    first, second, third = (Sitter(seats) for _ in range(3))
    await seats.take(first)
    await second.check()
    seats.set_most(1)
    waiting = asyncio.create_task(seats.take(third))
    await asyncio.sleep(0)

    await seats.shed()
    was_waiting = not waiting.done()
    seats.leave()

    assert (was_waiting, second.has_connection) == (True, False)
    assert await waiting


async def test_whoever_waited_while_there_were_too_many_gets_the_seat_of_one_that_is_kept() -> None:
    seats = Seats(4)
    kept = [Sitter(seats) for _ in range(4)]
    for sitter in kept:
        await sitter.check()
    seats.set_most(2)
    shedding = asyncio.create_task(seats.shed())
    await asyncio.sleep(0)

    waiting = asyncio.create_task(seats.take(Sitter(seats)))
    await asyncio.gather(shedding, waiting)

    assert [sitter.has_connection for sitter in kept] == [False, False, False, True]


async def test_more_seats_go_to_those_who_wait() -> None:
    seats = Seats(1)
    await seats.take(Sitter(seats))
    waiting = [asyncio.create_task(seats.take(Sitter(seats))) for _ in range(3)]
    await asyncio.sleep(0)

    seats.set_most(3)
    await asyncio.sleep(0)

    assert [task.done() for task in waiting] == [True, True, False]
    seats.leave()
    await asyncio.gather(*waiting)


@pytest.mark.parametrize("seed", range(20))
async def test_a_limit_that_changes_is_kept_from_then_on_and_none_is_lost(seed: int) -> None:
    """Where it went down, there are never more than there were, until there are no more than it says."""
    random_ = random.Random(seed)
    seats = Seats(3)
    sitters = [Sitter(seats) for _ in range(8)]
    allowed, shedding = 3, []

    def look() -> None:
        nonlocal allowed
        taken = seats._most - seats._free
        assert sum(each.has_connection for each in sitters) <= taken <= allowed
        # Those that were taken when the limit went down may end in their time.
        allowed = max(seats._most, min(allowed, taken))

    async def come_and_go(sitter: Sitter) -> None:
        for _ in range(20):
            task = asyncio.create_task(sitter.check())
            for _ in range(random_.randrange(6)):
                await asyncio.sleep(0)
            if random_.random() < 0.4:
                task.cancel()
            await asyncio.wait({task})

    async def change() -> None:
        nonlocal allowed
        for _ in range(30):
            most = random_.randrange(1, 6)
            allowed = max(allowed, most)
            seats.set_most(most)
            shedding.append(asyncio.create_task(seats.shed()))
            for _ in range(random_.randrange(8)):
                await asyncio.sleep(0)

    async def watch() -> None:
        while True:
            await asyncio.sleep(0)
            look()

    watching = asyncio.create_task(watch())
    await asyncio.gather(change(), *map(come_and_go, sitters))
    watching.cancel()
    await asyncio.wait({watching})
    assert watching.cancelled(), watching
    await asyncio.gather(*shedding)
    for sitter in sitters:
        await seats.give_up(sitter)

    seats.set_most(3)
    taken = [asyncio.create_task(seats.take(Sitter(seats))) for _ in range(4)]
    await wait_until(lambda: all(task.done() for task in taken[:3]), what="all three seats")
    assert not any(task.result() for task in taken[:3])
    assert not taken[3].done()
    seats.leave()
    await taken[3]

"""A pool whose server is no longer the writer replaces its connections, at most once a second."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack

from tests.rig.pool import Lab

NewLab = Callable[..., Lab]


async def warm_up(lab: Lab, count: int) -> None:
    async with AsyncExitStack() as stack:
        await lab.hold(stack, count)


async def test_all_that_are_idle_go_at_most_once_a_second(new_lab: NewLab) -> None:
    lab = new_lab(size=3)
    await warm_up(lab, 3)

    lab.pool.renew("demoted")
    assert (lab.stats.idle, lab.stats.closed_by) == (0, {"demoted": 3})

    await warm_up(lab, 2)
    lab.pool.renew("demoted")
    assert lab.stats.idle == 2

    lab.clock.advance(1.5)
    lab.pool.renew("demoted")
    assert (lab.stats.idle, lab.stats.closed_by) == (0, {"demoted": 5})

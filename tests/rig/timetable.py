"""Start requests by the clock, whatever becomes of the ones before, and record what each one got."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

Request = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request got: `begun` on the monotonic clock, `took` in seconds, `error` None for a result."""

    begun: float
    took: float
    error: Exception | None = None

    @property
    def ended(self) -> float:
        """When it came, on the monotonic clock."""
        return self.begun + self.took


async def answer(request: Request) -> Answer:
    """Make one request now and record what it gets; never raises what the request raises."""
    begun, error = time.monotonic(), None
    try:
        await request()
    except Exception as raised:  # noqa: BLE001 - which errors there are is what the caller looks at
        error = raised
    return Answer(begun, time.monotonic() - begun, error)


@asynccontextmanager
async def every(interval: float, request: Request) -> AsyncIterator[list[Answer]]:
    """Start a request every `interval` seconds while the block runs; its end waits for the last answers.

    The list that is lent grows as answers come, in the order in which they come.
    """
    answers: list[Answer] = []
    async with asyncio.TaskGroup() as group:
        clock = group.create_task(_start_by_the_clock(interval, request, answers, group))
        try:
            yield answers
        finally:
            clock.cancel()


async def _start_by_the_clock(
    interval: float, request: Request, answers: list[Answer], group: asyncio.TaskGroup
) -> None:
    async def record() -> None:
        answers.append(await answer(request))

    due = time.monotonic()
    while True:
        group.create_task(record())
        due += interval
        await asyncio.sleep(due - time.monotonic())


def worst(answers: Iterable[Answer]) -> float:
    """The seconds that the slowest answer took."""
    return max(answer.took for answer in answers)


def first_after(moment: float, answers: Iterable[Answer]) -> Answer:
    """The answer to the first request that was begun after `moment`.

    Raises:
        ValueError: there is none.
    """
    return min((answer for answer in answers if answer.begun >= moment), key=lambda answer: answer.begun)

"""Measures contenders in alternating pairs.

A machine is never quiet for long, so two figures taken a minute apart say little. The harness runs
ours and a control in turn (A B, B A, …) in one process, takes the ratio of each pair, and reports the
median of the ratios with their spread.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

MIN_PAIRS = 20
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Sample:
    """One visit to one contender. `cpu_seconds` is what this process spent, in all its threads."""

    operations: int
    seconds: float
    cpu_seconds: float

    @property
    def throughput(self) -> float:
        """Operations per second."""
        return self.operations / self.seconds

    @property
    def cpu(self) -> float:
        """CPU seconds per operation."""
        return self.cpu_seconds / self.operations


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some values, their quartiles and their ends."""

    median: float
    q1: float
    q3: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        """Summarise two values or more."""
        q1, median, q3 = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, q1, q3, min(values), max(values))


Visit = Callable[[], Awaitable[Sample]]
Operation = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Contender:
    """Something to measure, under the name that the report prints."""

    name: str
    visit: Visit


@dataclass(frozen=True, slots=True)
class Cell:
    """Ours against one control in one situation. The ratios are ours divided by the control's."""

    situation: str
    ours: str
    control: str
    pairs: int
    throughput_ratio: Spread
    cpu_ratio: Spread
    throughput: float
    control_throughput: float
    cpu: float
    control_cpu: float


async def compare(
    situation: str, ours: Contender, control: Contender, *, pairs: int = MIN_PAIRS, least: int = MIN_PAIRS
) -> Cell:
    """Warm both up, then measure `pairs` pairs, the first of a pair changing every time.

    Only where a visit takes seconds may `least` ask for fewer pairs.

    Raises:
        ValueError: fewer pairs than the spread needs to mean something.
    """
    if pairs < least:
        raise ValueError(f"{pairs} pairs are too few to show a spread; take {least} or more")
    mine, others = await in_turn([ours.visit, control.visit], pairs)
    return _cell(situation, ours, control, mine, others)


async def in_turn(visits: Sequence[Callable[[], Awaitable[Result]]], rounds: int) -> list[list[Result]]:
    """Warm all up, then visit all in each round, every time another one first; the results of each."""
    for visit in visits:
        await visit()
    results: list[list[Result]] = [[] for _ in visits]
    for number in range(rounds):
        for step in range(len(visits)):
            place = (number + step) % len(visits)
            # Garbage of the one before must not be collected on this one's account.
            gc.collect()
            results[place].append(await visits[place]())
    return results


def _cell(
    situation: str, ours: Contender, control: Contender, samples: list[Sample], controls: list[Sample]
) -> Cell:
    pairs = list(zip(samples, controls, strict=True))
    return Cell(
        situation=situation,
        ours=ours.name,
        control=control.name,
        pairs=len(pairs),
        throughput_ratio=Spread.of([mine.throughput / other.throughput for mine, other in pairs]),
        cpu_ratio=Spread.of([mine.cpu / other.cpu for mine, other in pairs]),
        throughput=statistics.median(mine.throughput for mine, _ in pairs),
        control_throughput=statistics.median(other.throughput for _, other in pairs),
        cpu=statistics.median(mine.cpu for mine, _ in pairs),
        control_cpu=statistics.median(other.cpu for _, other in pairs),
    )


def concurrent(operation: Operation, concurrency: int, seconds: float, *, lead: float = 0.0) -> Visit:
    """Return a visit in which `concurrency` tasks repeat the operation for about `seconds`.

    For `lead` seconds before, they do so unmeasured: connections that were idle while others had their
    turn may be tested again, which load that never stops does not see.
    """

    async def visit() -> Sample:
        if lead:
            await _load(operation, concurrency, time.perf_counter() + lead)
        begun, cpu = time.perf_counter(), time.process_time()
        operations = await _load(operation, concurrency, begun + seconds)
        return Sample(operations, time.perf_counter() - begun, time.process_time() - cpu)

    return visit


async def _load(operation: Operation, concurrency: int, end: float) -> int:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_repeat(operation, end)) for _ in range(concurrency)]
    return sum(task.result() for task in tasks)


async def _repeat(operation: Operation, end: float) -> int:
    count = 0
    while count == 0 or time.perf_counter() < end:
        await operation()
        count += 1
    return count

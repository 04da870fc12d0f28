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
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

MIN_PAIRS = 20


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
    for contender in (ours, control):
        await contender.visit()
    samples: dict[Contender, list[Sample]] = {ours: [], control: []}
    for number in range(pairs):
        for contender in (ours, control) if number % 2 == 0 else (control, ours):
            samples[contender].append(await _visit(contender))
    return _cell(situation, ours, control, samples)


async def _visit(contender: Contender) -> Sample:
    # Garbage of the one before must not be collected on this one's account.
    gc.collect()
    return await contender.visit()


def _cell(
    situation: str, ours: Contender, control: Contender, samples: dict[Contender, list[Sample]]
) -> Cell:
    pairs = list(zip(samples[ours], samples[control], strict=True))
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


def concurrent(operation: Operation, concurrency: int, seconds: float) -> Visit:
    """Return a visit in which `concurrency` tasks repeat the operation for about `seconds`."""

    async def visit() -> Sample:
        begun, cpu = time.perf_counter(), time.process_time()
        end = begun + seconds
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_repeat(operation, end)) for _ in range(concurrency)]
        operations = sum(task.result() for task in tasks)
        return Sample(operations, time.perf_counter() - begun, time.process_time() - cpu)

    return visit


async def _repeat(operation: Operation, end: float) -> int:
    count = 0
    while count == 0 or time.perf_counter() < end:
        await operation()
        count += 1
    return count

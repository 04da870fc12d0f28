"""The benchmarks' harness alternates its contenders and divides ours by the control's."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.harness import MIN_PAIRS, Contender, Sample, Spread, Visit, compare, concurrent

pytestmark = pytest.mark.usefixtures("small_heap")


def visits_of(name: str, sample: Sample, calls: list[str]) -> Visit:
    async def visit() -> Sample:
        calls.append(name)
        return sample

    return visit


async def test_the_first_of_a_pair_changes_every_time_after_a_warm_up() -> None:
    calls: list[str] = []
    sample = Sample(operations=1, seconds=1.0, cpu_seconds=1.0)
    ours = Contender("A", visits_of("A", sample, calls))
    control = Contender("B", visits_of("B", sample, calls))

    await compare("here", ours, control, pairs=MIN_PAIRS)

    assert "".join(calls) == "AB" + "ABBA" * (MIN_PAIRS // 2)


async def test_ratios_are_ours_divided_by_the_controls() -> None:
    fast = Sample(operations=100, seconds=1.0, cpu_seconds=0.5)
    slow = Sample(operations=50, seconds=1.0, cpu_seconds=0.5)

    cell = await compare(
        "here", Contender("A", visits_of("A", fast, [])), Contender("B", visits_of("B", slow, []))
    )

    assert cell.throughput_ratio == Spread(2.0, 2.0, 2.0, 2.0, 2.0)
    assert cell.cpu_ratio.median == 0.5
    assert (cell.throughput, cell.control_throughput) == (100, 50)


async def test_too_few_pairs_are_refused() -> None:
    contender = Contender("A", visits_of("A", Sample(1, 1.0, 1.0), []))

    with pytest.raises(ValueError, match=f"take {MIN_PAIRS} or more"):
        await compare("here", contender, contender, pairs=MIN_PAIRS - 1)


async def test_fewer_pairs_are_taken_only_where_they_are_asked_for() -> None:
    visit = visits_of("A", Sample(1, 1.0, 1.0), [])

    cell = await compare("here", Contender("A", visit), Contender("B", visit), pairs=2, least=2)

    assert cell.pairs == 2


def test_a_spread_is_median_quartiles_and_ends() -> None:
    assert Spread.of([1.0, 2.0, 3.0, 4.0, 100.0]) == Spread(3.0, 2.0, 4.0, 1.0, 100.0)


async def test_a_concurrent_visit_counts_every_operation_of_every_task() -> None:
    done, at_once, most = 0, 0, 0

    async def operation() -> None:
        nonlocal done, at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        at_once -= 1
        done += 1

    sample = await concurrent(operation, concurrency=5, seconds=0.01)()

    assert sample.operations == done
    assert most == 5

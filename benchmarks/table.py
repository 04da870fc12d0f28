"""A table of one line per row: a figure with its quartiles, what it came from, and its goal."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version

from benchmarks.harness import Sample, Spread
from benchmarks.report import environment


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound for the median of a row. Made by `at_least` and `at_most`."""

    sign: str
    bound: float

    def verdict(self, figure: float) -> str:
        """Say what the goal is, and whether the figure meets it."""
        is_met = figure >= self.bound if self.sign == ">=" else figure <= self.bound
        return f"{self.sign} {self.bound:g} {'met' if is_met else 'MISSED'}"


def at_least(bound: float) -> Goal:
    """Return the goal of a figure that should be high."""
    return Goal(">=", bound)


def at_most(bound: float) -> Goal:
    """Return the goal of a figure that should be low."""
    return Goal("<=", bound)


@dataclass(frozen=True, slots=True)
class Row:
    """A figure under a name. `ours`, `theirs` and `cpu` are text: what the figure was made of."""

    name: str
    figure: Spread | float
    ours: str = ""
    theirs: str = ""
    cpu: str = ""
    goal: Goal | None = None

    @property
    def median(self) -> float:
        """What the goal is about."""
        return self.figure.median if isinstance(self.figure, Spread) else self.figure


def throughput(name: str, ours: Sequence[Sample], theirs: Sequence[Sample], goal: Goal | None = None) -> Row:
    """Return the ratio of ours to theirs, round by round, in operations per second."""
    return Row(
        name,
        ratio(ours, theirs, lambda sample: sample.throughput),
        ours=f"{_median(ours, lambda sample: sample.throughput):,.0f}/s",
        theirs=f"{_median(theirs, lambda sample: sample.throughput):,.0f}/s",
        cpu=cpu(ours, theirs),
        goal=goal,
    )


def ratio(ours: Sequence[Sample], theirs: Sequence[Sample], value: Callable[[Sample], float]) -> Spread:
    """Divide a value of ours by that of theirs, round by round."""
    return Spread.of([value(mine) / value(other) for mine, other in zip(ours, theirs, strict=True)])


def cpu(ours: Sequence[Sample], theirs: Sequence[Sample]) -> str:
    """Say how the CPU times per operation compare: the median of the ratios, and both medians."""
    spread = ratio(ours, theirs, lambda sample: sample.cpu)
    medians = [_median(samples, lambda sample: sample.cpu) * 1e6 for samples in (ours, theirs)]
    return f"{spread.median:.2f} ({medians[0]:,.0f}:{medians[1]:,.0f} us)"


def show(title: str, rows: Iterable[Row], *, packages: Sequence[str] = (), as_json: bool) -> None:
    """Print the rows, and under which circumstances they were measured; `packages` names more of those."""
    circumstances = {**environment(), **_versions(packages)}
    if as_json:
        values = [{**asdict(row), "verdict": _verdict(row)} for row in rows]
        print(json.dumps({"title": title, "environment": circumstances, "rows": values}, indent=2))
        return
    print(f"{title}\n  {', '.join(f'{name} {value}' for name, value in circumstances.items())}")
    print(_line("", "median [quartiles]", "ours", "theirs", "CPU each, ours:theirs", "goal"))
    for row in rows:
        print(_line(row.name, _figure(row), row.ours, row.theirs, row.cpu, _verdict(row)))


def _line(name: str, figure: str, ours: str, theirs: str, cpu_each: str, goal: str) -> str:
    return f"{name:<58} {figure:<26} {ours:>14} {theirs:>12} {cpu_each:>22}  {goal}".rstrip()


def _figure(row: Row) -> str:
    if isinstance(row.figure, Spread):
        return f"{row.figure.median:7.3f} [{row.figure.q1:.3f} to {row.figure.q3:.3f}]"
    return f"{row.figure:11,.3f}".rstrip("0").rstrip(".")


def _verdict(row: Row) -> str:
    return row.goal.verdict(row.median) if row.goal else ""


def _median(samples: Sequence[Sample], value: Callable[[Sample], float]) -> float:
    return statistics.median(value(sample) for sample in samples)


def _versions(packages: Sequence[str]) -> dict[str, str]:
    found = {}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found

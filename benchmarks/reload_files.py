"""Ten thousand profiles read again, of which one changed, then a base; a fresh load of them all beside it.

They are read in a thread, while a task of an event loop wakes up every millisecond and looks how long it was
away. Files are counted as Python opens them, profiles by whether they are other objects than before.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import table, tenants
from benchmarks.harness import Spread
from benchmarks.table import Goal, Row, at_most
from connmgr.config.directory import ProfileDirectory
from connmgr.config.loader import LoadResult, load_profiles
from connmgr.config.rereading import COARSEST

FEWEST = 2
"""Quartiles need as many rounds."""
FRESH = 3
BEAT = 0.001
ONE = 7
"""The number of the profile that changes; it extends a base."""
MOST_BLOCKED = 20.0
"""Milliseconds."""

Read = Callable[[], LoadResult]
Change = Callable[[int], None]


@dataclass(slots=True)
class Seen:
    """What was seen of one read: how long it took, the longest that the loop was away, what it touched."""

    seconds: float = 0.0
    gap: float = 0.0
    opened: int = 0
    full_passes: int = 0
    anew: int = 0


@dataclass(slots=True)
class Watch:
    """Counts for a `Seen` what Python does: it opens a file of the directory, collects all garbage."""

    directory: str
    seen: Seen | None = field(default=None)

    def audit(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.seen and event == "open" and str(arguments[0]).startswith(self.directory):
            self.seen.opened += 1

    def collecting(self, phase: str, info: dict[str, int]) -> None:
        if self.seen and phase == "start" and info["generation"] == 2:
            self.seen.full_passes += 1


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profiles", type=int, default=10_000, help="how many")
    parser.add_argument("--rounds", type=int, default=20, help=f"reads of each kind, {FEWEST} or more")
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    options = parser.parse_args()
    if options.rounds < FEWEST:
        raise SystemExit(f"{options.rounds} rounds are too few to show a spread; take {FEWEST} or more")
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary, "profiles")
        tenants.write(path, options.profiles)
        with _watch(path) as watch:
            rows = asyncio.run(_rows(path, options.profiles, options.rounds, watch))
    table.show(f"{options.profiles:,} profiles, read again", rows, as_json=options.json)


@contextmanager
def _watch(path: Path) -> Iterator[Watch]:
    watch = Watch(str(path))
    sys.addaudithook(watch.audit)
    gc.callbacks.append(watch.collecting)
    try:
        yield watch
    finally:
        gc.callbacks.remove(watch.collecting)


async def _rows(path: Path, count: int, rounds: int, watch: Watch) -> list[Row]:
    def change_one(number: int) -> None:
        _append(path / f"{tenants.name(ONE)}.yaml", number)

    def change_base(number: int) -> None:
        _append(path / f"{tenants.base_of(ONE)}.yaml", number)

    # Old enough for nobody to doubt their status, as the files of an application that runs for long are.
    await asyncio.sleep(COARSEST / 1e9 + 0.1)
    directory = ProfileDirectory(path)
    first = await _seen(directory.read, watch)
    again = [await _seen(directory.read, watch) for _ in range(rounds)]
    one = await _changing(directory, change_one, rounds, watch)
    base = await _changing(directory, change_base, rounds, watch)
    fresh = [await _seen(lambda: load_profiles(path), watch) for _ in range(FRESH)]
    quiet = [await _quiet(again[0].seconds) for _ in range(rounds)]
    extending = sum(1 for number in range(1, count, 2) if tenants.base_of(number) == tenants.base_of(ONE))
    return [
        Row("first read, s", first.seconds, ours=f"{first.opened:,} opened"),
        *_times("fresh load", fresh),
        Row("nothing beside the loop: longest gap, ms", Spread.of(quiet)),
        Row("nothing beside the loop: the same, worst round", max(quiet)),
        *_times("nothing changed", again, at_most(1)),
        *_counts("nothing changed", again, opened=0, anew=0),
        *_times("one changed", one, at_most(1)),
        *_counts("one changed", one, opened=1, anew=1),
        *_times("a base changed", base),
        # Of the file that was changed before, the status is too new to be trusted.
        *_counts("a base changed", base, opened=2, anew=extending),
    ]


def _append(path: Path, number: int) -> None:
    with path.open("a") as file:
        file.write(f"# Changed for the {number + 1}. time\n")


async def _changing(directory: ProfileDirectory, change: Change, rounds: int, watch: Watch) -> list[Seen]:
    found = []
    before = directory.read().profiles
    for number in range(rounds):
        change(number)
        seen = await _seen(directory.read, watch)
        now = directory.read().profiles
        seen.anew = sum(now[name] is not before[name] for name in now)
        if not seen.anew:
            raise RuntimeError("the change was not seen")
        before = now
        found.append(seen)
    return found


async def _seen(read: Read, watch: Watch) -> Seen:
    """Read in a thread beside the loop's heart."""
    beating = asyncio.create_task(_beat())
    await asyncio.sleep(10 * BEAT)
    watch.seen = seen = Seen()
    begun = time.perf_counter()
    # The result is let go in here: to free all there is of it may take as long as to make it.
    await asyncio.to_thread(_read_and_forget, read)
    seen.seconds, watch.seen = time.perf_counter() - begun, None
    beating.cancel()
    seen.gap = await beating
    return seen


def _read_and_forget(read: Read) -> None:
    result = read()
    if result.problems:
        raise RuntimeError(f"{result.problems[:3]}")


async def _beat() -> float:
    """Wake up again and again until cancelled; return the longest time between two times, in milliseconds."""
    longest, last = 0.0, time.perf_counter()
    try:
        while True:
            await asyncio.sleep(BEAT)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now
    except asyncio.CancelledError:
        return 1000 * longest


async def _quiet(seconds: float) -> float:
    beating = asyncio.create_task(_beat())
    await asyncio.sleep(seconds)
    beating.cancel()
    return await beating


def _times(name: str, seen: list[Seen], seconds: Goal | None = None) -> Iterator[Row]:
    """Yield what one kind of read took, and how long it kept the loop away; with a goal, it is promised."""
    gaps = [each.gap for each in seen]
    yield Row(f"{name}: s", Spread.of([each.seconds for each in seen]), goal=seconds)
    yield Row(f"{name}: longest gap of the loop, ms", Spread.of(gaps))
    # A promise about the loop holds in every round or not at all.
    yield Row(f"{name}: the same, worst round", max(gaps), goal=at_most(MOST_BLOCKED) if seconds else None)


def _counts(name: str, seen: list[Seen], *, opened: int, anew: int) -> Iterator[Row]:
    """Yield what one kind of read touched at most."""
    yield Row(f"{name}: files opened, most", max(each.opened for each in seen), goal=at_most(opened))
    yield Row(f"{name}: profiles made anew, most", max(each.anew for each in seen), goal=at_most(anew))
    passes = sum(each.full_passes for each in seen)
    yield Row(f"{name}: full passes of the collector", passes, goal=at_most(0))


if __name__ == "__main__":
    main()

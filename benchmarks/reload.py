"""What a reload of 10,000 profiles costs of which one changed: how long, and how long the event loop stands.

A hundred profiles are in use. A task that sleeps for a millisecond at a time says how long the loop stood.
In turn with each reload it is measured for as long without one, for other programs make the loop stand too,
and all files are loaded as a program does that starts.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import report, tenants
from benchmarks import table as printed
from benchmarks.harness import Spread
from benchmarks.table import Row, at_most
from connmgr import Registry

PROFILES, IN_USE = 10_000, 100
BEAT = 0.001
CLOCK = 2.5
"""Seconds after which no second write could hide behind a file system's clock."""
CHANGED = 4
"""Its number: it extends nothing. Of the bases, one is changed too, which a quarter of a half extends."""
ENVIRON = {f"TENANT_{number}_PASSWORD": "a password" for number in range(PROFILES)}


@dataclass(frozen=True, slots=True)
class Round:
    """One reload: its seconds, the longest gap of the heartbeat, how many files were opened, how many
    profiles are other objects than before.
    """

    seconds: float
    gap: float
    files: int
    anew: int


def main() -> None:
    """Measure and print."""
    parser = report.arguments(__doc__, pairs=5)
    parser.add_argument(
        "--profiles", type=int, default=PROFILES, metavar="N", help="how many files there are"
    )
    options = parser.parse_args()
    with TemporaryDirectory() as parent:
        directory = Path(parent, "profiles")
        tenants.write(directory, options.profiles)
        rows = asyncio.run(_rows(directory, options.pairs))
    printed.show(f"a reload of {options.profiles} profiles, {IN_USE} in use", rows, as_json=options.json)


async def _rows(directory: Path, pairs: int) -> list[Row]:
    one: list[Round] = []
    base: list[Round] = []
    none: list[Round] = []
    still: list[float] = []
    loads: list[float] = []
    profile, shared = directory / f"{tenants.name(CHANGED)}.yaml", directory / f"{tenants.base_of(1)}.yaml"
    registry = Registry.load(directory, environ=ENVIRON)
    async with registry:
        for number in range(IN_USE):
            registry.engine(tenants.name(number))
        # Whatever was written just before it was read is read once more: the clock could hide a second write.
        await _reloaded(registry)
        for each in range(pairs):
            begun = time.perf_counter()
            await asyncio.to_thread(Registry.load, directory, environ=ENVIRON)
            loads.append(time.perf_counter() - begun)
            none.append(await _reloaded(registry))
            profile.write_text(tenants.profile(CHANGED) + f"startup: {('warn', 'fail')[each % 2]}\n")
            one.append(await _reloaded(registry))
            still.append(await _gap_of(asyncio.sleep(one[-1].seconds)))
            shared.write_text(shared.read_text() + f"# {each}\n")
            base.append(await _reloaded(registry))
    return [
        *_rows_of("nothing changed", none, still, loads, 1),  # that of the reload before, for its clock
        *_rows_of("one changed", one, still, loads, 1),
        *_rows_of(
            "a base changed", base, still, loads, 2
        ),  # and that of the reload before, for the same reason
    ]


def _rows_of(
    name: str, rounds: Sequence[Round], still: Sequence[float], loads: Sequence[float], files: int
) -> Iterator[Row]:
    gaps = Spread.of([each.gap * 1000 for each in rounds])
    standing = f"{Spread.of([gap * 1000 for gap in still]).median:.1f} ms without"
    yield Row(f"{name}: the loop stood, ms", gaps, theirs=standing, goal=at_most(20))
    yield Row(f"{name}: at worst, ms", gaps.high, goal=at_most(20))
    ratio = Spread.of([each.seconds / load for each, load in zip(rounds, loads, strict=True)])
    seconds = Spread.of([each.seconds for each in rounds]).median
    load = Spread.of(list(loads)).median
    yield Row(f"{name}: reload / load", ratio, f"{seconds * 1000:.0f} ms", f"{load * 1000:.0f} ms")
    anew = f"{max(each.anew for each in rounds):,} profiles made anew"
    yield Row(f"{name}: files opened", max(each.files for each in rounds), anew, goal=at_most(files))


async def _reloaded(registry: Registry) -> Round:
    await asyncio.sleep(CLOCK)
    before = dict(registry)
    with _opened_files() as opened:
        begun = time.perf_counter()
        gap = await _gap_of(registry.reload())
        seconds = time.perf_counter() - begun
    anew = sum(registry[name] is not profile for name, profile in before.items())
    return Round(seconds, gap, len(opened), anew)


async def _gap_of(work: Coroutine[Any, Any, object]) -> float:
    """Return by how much the heartbeat was late at most while `work` ran."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)
    worst = 0.0
    while not task.done():
        begun = loop.time()
        await asyncio.sleep(BEAT)
        worst = max(worst, loop.time() - begun - BEAT)
    await task
    return worst


_watched: list[list[str]] = []


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if _watched and event == "open" and str(arguments[0]).endswith((".yaml", ".yml")):
        _watched[-1].append(str(arguments[0]))


sys.addaudithook(_hook)


@contextmanager
def _opened_files() -> Iterator[list[str]]:
    """Lend the list of the profile files that are opened meanwhile."""
    _watched.append([])
    try:
        yield _watched[-1]
    finally:
        _watched.pop()


if __name__ == "__main__":
    main()

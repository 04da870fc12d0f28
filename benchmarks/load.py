"""Ten thousand profiles: ours against PyYAML's C loader with jsonschema, and one profile out of them all.

Beside it, as ceilings, our reader with validators in C and Rust: no file extended, no problem put into
words. A visit reads every file and takes seconds, so there are few pairs unless `--pairs` says otherwise.
"""

from __future__ import annotations

import asyncio
import gc
import shutil
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

from benchmarks import report, tenants
from benchmarks.ceilings import Check, ceilings
from benchmarks.harness import Cell, Contender, Sample, Visit, compare
from connmgr.config.loader import load_profiles
from connmgr.config.schema import schema
from connmgr.config.source import read

FEW_PAIRS = 5
FEWEST_PAIRS = 2
"""Quartiles need as many."""
ONE = 7
"""The number of the profile that is loaded alone; it extends a base."""
REPEATS = 50

Load = Callable[[], object]


def main() -> None:
    """Measure every cell and print the ratios, and what a loaded profile takes."""
    parser = report.arguments(__doc__, pairs=FEW_PAIRS, least=FEWEST_PAIRS)
    parser.add_argument("--profiles", type=int, default=10_000, help="how many")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary, "profiles")
        tenants.write(directory, options.profiles)
        cells = [
            *_all_of_them(directory, options.profiles, options.pairs),
            _one_of_them(directory, Path(temporary, "one"), options.profiles),
        ]
        figures = _figures(directory, options.profiles)
    report.show("Loading profiles", cells, figures=figures, as_json=options.json)


def _all_of_them(directory: Path, count: int, pairs: int) -> Iterator[Cell]:
    ours = Contender("load_profiles", _visit(_ours(directory, count), count))
    controls = {"CSafeLoader + jsonschema": _plain(directory)}
    for name, check in ceilings(schema()):
        if check is None:
            print(f"{name} is not installed, and left out", file=sys.stderr)
        else:
            controls[f"our reader + {name}"] = _read_and(check, directory)
    for name, control in controls.items():
        situation = f"{count:,} profiles, half of them extending a base"
        against = Contender(name, _visit(control, count))
        yield asyncio.run(compare(situation, ours, against, pairs=pairs, least=FEWEST_PAIRS))


def _one_of_them(directory: Path, alone: Path, count: int) -> Cell:
    alone.mkdir()
    name = tenants.name(ONE)
    for stem in (name, tenants.base_of(ONE)):
        shutil.copy(directory / f"{stem}.yaml", alone)

    def repeatedly(place: Path) -> Visit:
        return _visit(lambda: [load_profiles(place, names=[name]) for _ in range(REPEATS)], REPEATS)

    ours = Contender(f"out of {count:,}", repeatedly(directory))
    control = Contender("alone with its base", repeatedly(alone))
    return asyncio.run(compare("one profile", ours, control))


def _figures(directory: Path, count: int) -> dict[str, str]:
    loads = {"load_profiles": _ours(directory, count), "CSafeLoader + jsonschema": _plain(directory)}
    return {
        f"memory, {name}": f"{_memory(load) / count:,.0f} bytes for each profile"
        for name, load in loads.items()
    }


def _memory(load: Load) -> int:
    gc.collect()
    tracemalloc.start()
    loaded = load()
    gc.collect()
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del loaded
    return taken


def _visit(load: Load, operations: int) -> Visit:
    async def visit() -> Sample:
        begun, cpu = time.perf_counter(), time.process_time()
        loaded = load()
        sample = Sample(operations, time.perf_counter() - begun, time.process_time() - cpu)
        del loaded
        return sample

    return visit


def _ours(directory: Path, count: int) -> Load:
    def load() -> object:
        result = load_profiles(directory)
        if result.problems or len(result.profiles) != count:
            raise RuntimeError(f"{len(result.profiles)} profiles, {result.problems[:3]}")
        return result

    return load


def _plain(directory: Path) -> Load:
    validator = Draft202012Validator(schema())

    def load() -> object:
        loaded = {}
        for path in _files(directory):
            loaded[path.stem] = values = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
            validator.validate(values)
        return loaded

    return load


def _read_and(check: Check, directory: Path) -> Load:
    def load() -> object:
        loaded = {}
        for path in _files(directory):
            document = read(path.read_bytes(), str(path))
            loaded[path.stem] = document.values, document.places, check(document.values or {})
        return loaded

    return load


def _files(directory: Path) -> list[Path]:
    return sorted(directory.glob("[!_]*.yaml"))


if __name__ == "__main__":
    main()

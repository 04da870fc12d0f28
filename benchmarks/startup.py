"""The start of whole commands, against `python -c ""`.

The row of CPU says how many bare interpreters a start costs. A visit is one start.
"""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import report
from benchmarks.harness import Cell, Contender, Sample, Visit, compare

COMMANDS = (["--help"], ["--version"], ["validate"], ["list"], ["schema"])


def main() -> None:
    """Measure the start of each command and print the ratios."""
    options = report.arguments(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as directory:
        _run([sys.executable, "-m", "connmgr", "init", str(Path(directory, "profiles"))], directory)
        cells = _cells(directory, options.pairs)
        report.show("Start of a command", cells, as_json=options.json)


def _cells(directory: str, pairs: int) -> Iterator[Cell]:
    control = Contender('python -c ""', _start([sys.executable, "-c", ""], directory))
    for command in COMMANDS:
        name = " ".join(["connmgr", *command])
        ours = Contender(name, _start([sys.executable, "-m", "connmgr", *command], directory))
        yield asyncio.run(compare("start", ours, control, pairs=pairs))


def _start(command: Sequence[str], directory: str) -> Visit:
    async def visit() -> Sample:
        begun, cpu = time.perf_counter(), _cpu_of_children()
        _run(command, directory)
        return Sample(1, time.perf_counter() - begun, _cpu_of_children() - cpu)

    return visit


def _run(command: Sequence[str], directory: str) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "CONNMGR_PROFILES"}
    subprocess.run(command, cwd=directory, env=environ, check=True, stdout=subprocess.DEVNULL)


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()

"""The start of whole commands, against `python -c ""`; a health check, against waiting for its time-out.

The row of CPU says how many bare interpreters a start costs. A visit is one start. `connmgr validate` of
the three profiles that ship, by the script that people call, may cost 8. A health check of a server that
never answers may take its time-out and one second.
"""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import report
from benchmarks.harness import Cell, Contender, Sample, Visit, compare

TIMEOUT = 1.0
"""Seconds: `health.timeout` of the profile whose server is silent."""
COMMANDS = (["--help"], ["--version"], ["validate"], ["list"], ["schema"])
SCRIPT = str(Path(sysconfig.get_path("scripts"), "connmgr"))
LEFT_OUT = ("CONNMGR_PROFILES", "PYTHONDONTWRITEBYTECODE")
"""Variables that no command gets: without its caches Python compiles every module anew at each start."""


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
    script = Contender("connmgr validate", _start([SCRIPT, "validate"], directory))
    yield asyncio.run(compare("start by the script", script, control, pairs=pairs))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://app@127.0.0.1:{silent.getsockname()[1]}/orders?sslmode=disable"
        Path(directory, "profiles", "silent.yaml").write_text(f"url: {url}\nhealth: {{timeout: {TIMEOUT}}}\n")
        health = [sys.executable, "-m", "connmgr", "health", "silent"]
        wait = [sys.executable, "-c", f"import time; time.sleep({TIMEOUT})"]
        yield asyncio.run(
            compare(
                "a server that never answers",
                Contender("connmgr health", _start(health, directory, status=1)),
                Contender(f"python that waits {TIMEOUT:g} s", _start(wait, directory)),
                pairs=pairs,
            )
        )


def _start(command: Sequence[str], directory: str, status: int = 0) -> Visit:
    async def visit() -> Sample:
        begun, cpu = time.perf_counter(), _cpu_of_children()
        _run(command, directory, status)
        return Sample(1, time.perf_counter() - begun, _cpu_of_children() - cpu)

    return visit


def _run(command: Sequence[str], directory: str, status: int = 0) -> None:
    environ = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
    done = subprocess.run(command, cwd=directory, env=environ, check=False, stdout=subprocess.DEVNULL)
    if done.returncode != status:
        raise RuntimeError(f"{command} ended with {done.returncode}, not with {status}")


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()

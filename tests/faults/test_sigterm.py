"""A program that is told to end: what runs is finished, what is new is refused, the rest is cut and named."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import pytest

from tests.rig.postgres import PostgresServer

PROGRAM = """
import asyncio, json, signal, sys
from sqlalchemy import text
from connmgr import Registry, RegistryClosed

said = {}

async def work(registry, seconds):
    try:
        async with registry.begin("orders") as session:
            await session.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": seconds})
        said["work"] = "done"
    except Exception as error:
        said["work"] = type(error).__name__

async def newcomer(registry, stop):
    await stop.wait()
    await asyncio.sleep(0.05)
    try:
        registry.session("orders")
    except RegistryClosed:
        said["newcomer"] = "refused"

async def main():
    directory, seconds, grace = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
    registry, stop = Registry.load(directory), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with registry:
        tasks = [asyncio.create_task(work(registry, seconds), name="report")]
        tasks.append(asyncio.create_task(newcomer(registry, stop)))
        async with registry.connect("orders"):
            pass
        print("ready", flush=True)
        await stop.wait()
        cut = await registry.close(grace)
    await asyncio.gather(*tasks)
    print(json.dumps({**said, "cut": [holder.task for holder in cut]}))

asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("seconds", "grace", "expected"),
    [
        (0.5, 10, {"work": "done", "newcomer": "refused", "cut": []}),
        (60, 0.2, {"work": "DBAPIError", "newcomer": "refused", "cut": ["report"]}),
    ],
    ids=["in time", "too late"],
)
def test_a_program_that_is_told_to_end(
    postgres: PostgresServer, tmp_path: Path, seconds: float, grace: float, expected: dict[str, object]
) -> None:
    (tmp_path / "orders.yaml").write_text(f"url: {postgres.url()}\n", encoding="utf-8")
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), str(seconds), str(grace)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert line(process.stdout) == "ready\n"
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)

    assert (process.returncode, err) == (0, "")
    assert json.loads(out) == expected
    assert time.monotonic() - begun < 20


def line(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline()

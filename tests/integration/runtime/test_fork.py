"""A forked process makes its own engines and leaves those of its parent alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FORK = """
import asyncio, json, os, sys
from sqlalchemy import text
from connmgr import Registry, RegistryClosed

registry = Registry.load(sys.argv[1])
backend = text("SELECT pg_backend_pid()")

async def ask():
    async with registry.session("orders") as session:
        return (await session.execute(backend)).scalar_one()

async def refused():
    try:
        registry.session("orders")
    except RegistryClosed as error:
        return "parent process" in str(error)

async def child():
    before = await refused()
    async with registry:
        return {"refused": before, "backend": await ask()}

async def parent():
    async with registry:
        first = await ask()
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            asyncio.events._set_running_loop(None)
            os.write(writing, json.dumps(asyncio.run(child())).encode())
            os._exit(0)
        os.waitpid(pid, 0)
        said = json.loads(os.read(reading, 1000))
        print(json.dumps({"first": first, "child": said, "again": await ask()}))

asyncio.run(parent())
"""


def test_a_forked_process_opens_connections_of_its_own(postgres: Any, database: str, tmp_path: Path) -> None:
    (tmp_path / "orders.yaml").write_text(f"url: {postgres.url(dbname=database)}\n")

    command = [sys.executable, "-c", FORK, str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")
    said = json.loads(ran.stdout)
    assert said["child"]["refused"] is True
    assert said["child"]["backend"] != said["first"]
    assert said["again"] == said["first"]

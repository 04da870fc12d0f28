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


GENERATIONS = """
import asyncio, gc, json, os, sys
from sqlalchemy import text
from connmgr import Registry

registry = Registry.load(sys.argv[1])
backend = text("SELECT pg_backend_pid()")

async def ask():
    async with registry.session("orders") as session:
        return (await session.execute(backend)).scalar_one()

def forked(main):
    pid = os.fork()
    if pid == 0:
        asyncio.events._set_running_loop(None)
        asyncio.run(main())
        os._exit(0)
    os.waitpid(pid, 0)

async def last():
    async with registry:
        await ask()
        gc.collect()

async def middle():
    async with registry:
        first = await ask()
        forked(last)
        assert first == await asyncio.wait_for(ask(), 5)

async def first():
    async with registry:
        before = await ask()
        forked(middle)
        print(json.dumps([before, await asyncio.wait_for(ask(), 5)]))

asyncio.run(first())
"""


def test_a_forked_process_may_fork_again(postgres: Any, database: str, tmp_path: Path) -> None:
    """The last one leaves alone what its grandparent works with."""
    (tmp_path / "orders.yaml").write_text(f"url: {postgres.url(dbname=database)}\n")

    command = [sys.executable, "-c", GENERATIONS, str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")
    before, after = json.loads(ran.stdout)
    assert before == after


WORKERS = """
import asyncio, json, multiprocessing, sys
from sqlalchemy import text
from connmgr import Registry

# As gunicorn's `--preload` does: the application is imported once, before the workers are forked.
registry = Registry.load(sys.argv[1])
backend = text("SELECT pg_backend_pid()")

async def ask():
    async with registry.session("orders") as session:
        return (await session.execute(backend)).scalar_one()

async def serve():
    async with registry:
        return [await ask() for _ in range(3)]

def worker(answers):
    answers.put(asyncio.run(serve()))

async def parent():
    async with registry:
        first = await ask()
        context = multiprocessing.get_context("fork")
        answers = context.SimpleQueue()
        workers = [context.Process(target=worker, args=(answers,)) for _ in range(2)]
        # As a worker is started by a master that has no event loop.
        asyncio.events._set_running_loop(None)
        for each in workers:
            each.start()
        asyncio.events._set_running_loop(loop)
        said = [answers.get() for _ in workers]
        for each in workers:
            each.join()
        print(json.dumps({"first": first, "workers": said, "again": await ask()}))

loop = asyncio.new_event_loop()
loop.run_until_complete(parent())
loop.close()
"""


def test_workers_of_a_preloaded_application_have_connections_of_their_own(
    postgres: Any, database: str, tmp_path: Path
) -> None:
    (tmp_path / "orders.yaml").write_text(f"url: {postgres.url(dbname=database)}\n")

    command = [sys.executable, "-c", WORKERS, str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")
    said = json.loads(ran.stdout)
    assert [len(set(backends)) for backends in said["workers"]] == [1, 1]
    assert len({said["first"], *(backend for each in said["workers"] for backend in each)}) == 3
    assert said["again"] == said["first"]

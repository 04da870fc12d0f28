"""What an operator does around the restart of a database, over the socket and under load."""

from __future__ import annotations

import asyncio

from sqlalchemy import text

from tests.rig.admin import ask
from tests.rig.wait import wait_until

TASKS = 20
WHO = "connmgr-admin-test"


async def test_a_database_restarts_between_pause_and_resume_and_nobody_gets_an_error(
    served, path, own_postgres
):
    profile = {
        "url": own_postgres.url(application_name=WHO),
        "pool": {"size": 5, "max_overflow": 0, "timeout": "30s"},
        "health": {"critical": False},
    }
    done = [0] * TASKS
    is_over = asyncio.Event()

    async def work(registry, task):
        while not is_over.is_set():
            async with registry.begin("orders") as session:
                await session.execute(text("INSERT INTO done VALUES (:task)"), {"task": task})
            done[task] += 1

    async with served(orders=profile) as registry:
        async with registry.begin("orders") as session:
            await session.execute(text("CREATE TABLE done (task int)"))
        async with asyncio.TaskGroup() as tasks:
            for task in range(TASKS):
                tasks.create_task(work(registry, task))
            await wait_until(lambda: all(done))
            paused = await ask(path, "pause", "orders")
            left = await asyncio.to_thread(own_postgres.backends, WHO)
            await asyncio.to_thread(own_postgres.restart)
            waiting = await ask(path, "pools", "orders")
            before = list(done)
            resumed = await ask(path, "resume", "orders")
            await wait_until(lambda: all(now > then for now, then in zip(done, before, strict=True)), 20)
            is_over.set()
        async with registry.session("orders") as session:
            stored = await session.scalar(text("SELECT count(*) FROM done"))

    assert paused == {"orders": {"state": "paused", "holders": []}}
    assert left == 0
    assert waiting["orders"]["stats"]["waiting"] == TASKS
    assert resumed["orders"]["state"] == "active"
    assert stored == sum(done)


async def test_reconnect_gives_a_profile_other_backends_and_cuts_nobody(served, path, postgres):
    pids: set[int] = set()
    is_over = asyncio.Event()

    async def work(registry):
        while not is_over.is_set():
            async with registry.begin("orders") as session:
                pids.add(await session.scalar(text("SELECT pg_backend_pid()")))

    pool = {"size": 3, "max_overflow": 0}
    async with (
        served(orders={"url": postgres.url(), "pool": pool}) as registry,
        asyncio.TaskGroup() as tasks,
    ):
        for _ in range(TASKS):
            tasks.create_task(work(registry))
        await wait_until(lambda: len(pids) == 3)
        old = set(pids)
        answer = await ask(path, "reconnect", "orders")
        pids.clear()
        await wait_until(lambda: len(pids) == 3)
        is_over.set()

    assert answer == {"orders": {"state": "active", "holders": []}}
    assert pids & old == set()

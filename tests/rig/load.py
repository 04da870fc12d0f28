"""A load whose every transaction is counted: what was acknowledged is in the table, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy import text

from connmgr import Registry
from tests.rig.postgres import PostgresServer
from tests.rig.template import SUPERUSER

INSERT = text("INSERT INTO ledger VALUES (1)")


class Load:
    """Tasks that run transactions on one profile, one after another, until they are told to stop."""

    def __init__(self, registry: Registry, profile: str) -> None:
        self._registry = registry
        self._profile = profile
        self._stops = False
        self.committed = 0
        self.errors: list[BaseException] = []

    async def work(self) -> None:
        """Run transactions, and keep what they raise."""
        while not self._stops:
            try:
                async with self._registry.begin(self._profile) as session:
                    await session.execute(INSERT)
                self.committed += 1
            except Exception as error:  # noqa: BLE001 - the test looks at them
                self.errors.append(error)

    def stop(self) -> None:
        """Let each task end with the transaction that it has."""
        self._stops = True


@asynccontextmanager
async def load_on(registry: Registry, profile: str, tasks: int) -> AsyncIterator[Load]:
    """Lend a load of so many tasks; at the end every acknowledged transaction must be in the table."""
    async with registry.begin(profile) as session:
        await session.execute(text("CREATE TABLE IF NOT EXISTS ledger (n int)"))
        before = await session.scalar(text("SELECT count(*) FROM ledger"))
    load = Load(registry, profile)
    running = [asyncio.create_task(load.work()) for _ in range(tasks)]
    try:
        yield load
    finally:
        load.stop()
        await asyncio.gather(*running)
    async with registry.begin(profile) as session:
        after = await session.scalar(text("SELECT count(*) FROM ledger"))
    assert after - before == load.committed, "a transaction was lost, or stands that nobody was told of"


@asynccontextmanager
async def counted_connections(server: PostgresServer, name: str) -> AsyncIterator[list[int]]:
    """Lend a list to which the server's connections of that application name are counted, again and again."""
    counts: list[int] = []
    host = str(server.directory)
    connection = await asyncpg.connect(host=host, port=server.port, user=SUPERUSER, database=SUPERUSER)

    async def count() -> None:
        query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1"
        while True:
            counts.append(await connection.fetchval(query, name))
            await asyncio.sleep(0.002)

    counting = asyncio.create_task(count())
    try:
        yield counts
    finally:
        counting.cancel()
        await asyncio.wait([counting])
        connection.terminate()

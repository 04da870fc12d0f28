"""Money moves while connections are reset, backends killed and the server restarted: all of it is there."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from connmgr import CommitOutcomeUnknown, Registry
from tests.rig.ports import LOOPBACK
from tests.rig.postgres import PostgresServer
from tests.rig.proxy import FaultProxy

Load = Callable[..., Registry]
NAME = "bank"
ACCOUNTS, EACH, TASKS = 200, 1000, 64
HANG = 120.0
SEED = 7
TABLES = f"""
CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL);
CREATE TABLE transfer (id int NOT NULL);
INSERT INTO account SELECT id, {EACH} FROM generate_series(1, {ACCOUNTS}) AS id;
GRANT ALL ON account, transfer TO PUBLIC;
"""
KILL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name LIKE 'connmgr%' ORDER BY random() LIMIT 3"
)


@dataclass
class Bank:
    """Transfers by number, and what was said of each."""

    registry: Registry
    chance: random.Random
    acknowledged: list[int] = field(default_factory=list)
    unknown: list[int] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    tries: int = 0

    async def transfer(self, number: int) -> None:
        """Move some money, and note what came of it."""
        giver, taker = self.chance.sample(range(1, ACCOUNTS + 1), 2)

        async def work(session: AsyncSession) -> None:
            self.tries += 1
            await session.connection(execution_options={"isolation_level": "SERIALIZABLE"})
            await lock(session, number)
            seen = await session.scalar(text("SELECT balance FROM account WHERE id = :id"), {"id": giver})
            amount = min(seen or 0, 10)
            for account, change in ((giver, -amount), (taker, amount)):
                await session.execute(
                    text("UPDATE account SET balance = balance + :change WHERE id = :id"),
                    {"change": change, "id": account},
                )
            await session.execute(text("INSERT INTO transfer VALUES (:id)"), {"id": number})

        async def stands(session: AsyncSession) -> bool:
            # The lock is the first one's until its server is done with it, whichever way that ends.
            await lock(session, number)
            found = await session.scalar(text("SELECT true FROM transfer WHERE id = :id"), {"id": number})
            return bool(found)

        try:
            async with asyncio.timeout(HANG):
                await self.registry.run(NAME, work, confirm=stands)
        except CommitOutcomeUnknown:
            self.unknown.append(number)
        except TimeoutError:
            raise
        except Exception as error:  # noqa: BLE001 - counted, and looked for in the tables
            self.refused[type(error).__name__] += 1
        else:
            self.acknowledged.append(number)


async def lock(session: AsyncSession, number: int) -> None:
    await session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


@pytest.fixture
def server(own_postgres: PostgresServer) -> Iterator[PostgresServer]:
    for statement in TABLES.strip().split(";\n"):
        own_postgres.sql(statement)
    return own_postgres


async def wreck(proxy: FaultProxy, server: PostgresServer, chance: random.Random, pause: float) -> None:
    while True:
        await asyncio.sleep(chance.uniform(0.2, 1.0) * pause)
        fault = chance.choice(["reset", "reset", "kill", "kill", "restart"])
        if fault == "reset":
            proxy.reset()
        elif fault == "kill":
            await asyncio.to_thread(server.sql, KILL)
        else:
            await asyncio.to_thread(server.restart, chance.choice(["fast", "immediate"]))


async def move_money(load: Load, server: PostgresServer, count: int, pause: float) -> Bank:
    chance = random.Random(SEED)
    async with FaultProxy(LOOPBACK, server.port) as proxy:
        profile = {
            "url": server.url(dbname="postgres", port=proxy.port, sslmode="disable"),
            "pool": {"size": 20, "max_overflow": 0, "timeout": "30s"},
            "retry": {"transaction": {"attempts": 100, "deadline": "60s", "budget": 100}},
        }
        async with load(bank=profile) as registry:
            bank = Bank(registry, chance)
            numbers = iter(range(count))

            async def worker() -> None:
                for number in numbers:
                    await bank.transfer(number)

            chaos = asyncio.create_task(wreck(proxy, server, random.Random(SEED), pause))
            await asyncio.gather(*(worker() for _ in range(TASKS)))
            chaos.cancel()
            await asyncio.wait({chaos})
            if not chaos.cancelled():
                chaos.result()
            stats = registry.stats(NAME)
            assert (stats.in_use, stats.waiting) == (0, 0)
    return bank


def audit(server: PostgresServer, bank: Bank, count: int) -> None:
    """Look into the tables: money conserved, nothing twice, nothing lost that was acknowledged."""
    if not server.is_running:
        server.start()
    server.wait_ready()
    assert server.sql("SELECT sum(balance) FROM account") == str(ACCOUNTS * EACH)
    applied = Counter(map(int, server.sql("SELECT id FROM transfer").split()))
    assert [number for number, times in applied.items() if times > 1] == []
    assert set(bank.acknowledged) - set(applied) == set()
    assert set(applied) - set(bank.acknowledged) <= set(bank.unknown)
    assert len(bank.acknowledged) + len(bank.unknown) + bank.refused.total() == count
    # The faults were real, and most of the work was done all the same.
    assert bank.tries > count
    assert len(bank.acknowledged) > 0.9 * count


async def test_no_money_is_lost_or_made(load: Load, server: PostgresServer) -> None:
    bank = await move_money(load, server, 600, pause=0.7)

    audit(server, bank, 600)


@pytest.mark.slow
async def test_no_money_is_lost_or_made_in_ten_thousand_transfers(load: Load, server: PostgresServer) -> None:
    bank = await move_money(load, server, 10_000, pause=2.0)

    audit(server, bank, 10_000)

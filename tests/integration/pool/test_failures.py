"""A connect that fails is told to whoever it concerns, and keeps nobody else from being served."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest

from connmgr import PoolTimeout, Registry
from connmgr.engine.failures import classify
from connmgr.failure import FailureKind
from tests.rig.pool import PID
from tests.rig.postgres import PostgresServer
from tests.rig.proxy import FaultProxy
from tests.rig.wait import wait_until

Load = Callable[..., Registry]


def profile(url: str, **pool: object) -> dict[str, object]:
    return {"url": url, "pool": {"size": 3, "max_overflow": 0, "timeout": "20s", **pool}}


async def ask(registry: Registry) -> int:
    async with registry.connect("orders") as connection:
        return int((await connection.execute(PID)).scalar_one())


@pytest.fixture
def closed_database(postgres: PostgresServer, database: str) -> Iterator[Callable[[], None]]:
    """Call it to have the database take no new connection."""
    yield lambda: postgres.sql(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false") and None
    postgres.sql(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")


async def test_each_of_those_who_wait_hears_of_a_connect_of_their_own_the_longest_first(
    load: Load, postgres: PostgresServer, database: str, closed_database: Callable[[], None]
) -> None:
    """One connection is open, so that whoever is left may still be served by it."""
    heard: list[int] = []

    async def hear(who: int) -> None:
        with pytest.raises(Exception, match="not currently accepting connections"):
            await ask(registry)
        heard.append(who)

    url = postgres.url(dbname=database, sslmode="disable")
    async with load(orders=profile(url, connecting_limit=1)) as registry:
        holder = await registry.engine("orders").connect()
        closed_database()
        await asyncio.gather(*(hear(who) for who in range(3)))
        stats = registry.stats("orders")
        await holder.close()

    assert heard == [0, 1, 2]
    assert (stats.failed, stats.waiting, stats.in_use) == (3, 0, 1)


async def test_a_failure_that_comes_to_a_caller_as_it_is_cancelled_leaves_the_next_to_hear_of_another(
    load: Load,
    postgres: PostgresServer,
    database: str,
    closed_database: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = postgres.url(dbname=database, sslmode="disable")
    async with load(orders=profile(url, connecting_limit=1)) as registry:
        pool = registry.engine("orders").sync_engine.pool
        failed = pool.failed  # type: ignore[attr-defined]
        async with registry.connect("orders") as connection:
            await connection.execute(PID)
            closed_database()
            first, second = asyncio.create_task(ask(registry)), asyncio.create_task(ask(registry))
            monkeypatch.setattr(pool, "failed", lambda error: (failed(error), first.cancel()))
            await asyncio.wait({first, second})
            stats = registry.stats("orders")

    assert first.cancelled()
    assert "not currently accepting connections" in str(second.exception())
    assert (stats.failed, stats.waiting, stats.in_use) == (2, 0, 1)


async def test_a_failure_that_passed_is_not_blamed_for_a_later_timeout(
    load: Load, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    url = postgres.url(port=proxy.port, sslmode="disable")
    async with load(orders=profile(url, size=1, timeout="300ms")) as registry:
        proxy.refuse()
        with pytest.raises(PoolTimeout) as during:
            await ask(registry)
        await proxy.listen()
        async with registry.connect("orders"):
            with pytest.raises(PoolTimeout) as later:
                await ask(registry)

    assert isinstance(during.value.__cause__, ConnectionRefusedError)
    assert "the last connect failed (refused)" in str(during.value)
    assert classify(during.value).kind is FailureKind.REFUSED
    assert later.value.__cause__ is None
    assert "look for sessions that are held too long" in str(later.value)
    assert classify(later.value).kind is FailureKind.POOL_TIMEOUT


async def test_those_who_wait_are_served_by_what_comes_back_while_connects_fail(
    load: Load, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    url = postgres.url(port=proxy.port, sslmode="disable")
    async with load(orders=profile(url)) as registry:
        async with registry.connect("orders") as connection:
            mine = (await connection.execute(PID)).scalar_one()
            await connection.rollback()
            proxy.refuse()
            waiters = [asyncio.create_task(ask(registry)) for _ in range(5)]
            await wait_until(lambda: registry.stats("orders").failed >= 2)
        pids = await asyncio.gather(*waiters)
        stats = registry.stats("orders")

    assert set(pids) == {mine}
    assert (stats.timeouts, stats.created) == (0, 1)

"""A byte of the server's answers is changed on its way: an error by name or another value, and no hang."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from connmgr import ConnmgrError, FailureKind, Registry, failure_of
from tests.rig.pipe import Pipe
from tests.rig.ports import LOOPBACK
from tests.rig.postgres import PostgresServer
from tests.rig.proxy import FaultProxy
from tests.rig.wait import wait_until

Load = Callable[..., Registry]
NAME = "orders"
COMMAND, CLOSE, POOL = 2.0, 0.5, 1.0
HANG = 20.0
STATEMENTS = (
    "SELECT generate_series(1, 5), 'abc', now(), 1.5::numeric",
    "SELECT relname, oid, relkind FROM pg_class LIMIT 20",
    "UPDATE pg_temp.entry SET id = 2",
)
# SQLAlchemy 2.0 passes some of asyncpg's own on as they are.
DRIVERS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
NAMED = (SQLAlchemyError, ConnmgrError, TimeoutError, *DRIVERS)


async def use(registry: Registry, *statements: str) -> None:
    async with registry.begin(NAME) as session:
        for statement in statements:
            result = await session.execute(text(statement))
            if result.returns_rows:
                result.all()


async def is_served(registry: Registry) -> bool:
    try:
        await use(registry, "SELECT 1")
    except NAMED as error:
        if failure_of(error).kind is not FailureKind.AUTHENTICATION:
            raise
        return False
    return True


async def outcome(load: Load, postgres: PostgresServer, seed: int) -> str:
    """Say what came of one run: `ok`, or which error that nobody should have to meet."""
    async with FaultProxy(LOOPBACK, postgres.port, seed=seed) as proxy:
        profile = {
            "url": postgres.url(port=proxy.port, sslmode="disable"),
            "pool": {"size": 1, "max_overflow": 0, "timeout": POOL},
            "timeouts": {"connect": POOL, "command": COMMAND, "close": CLOSE},
        }
        async with load(orders=profile) as registry:
            if seed % 3:  # else the login is spoiled
                await use(registry, "CREATE TEMP TABLE entry AS SELECT 1 AS id")
            proxy.down = Pipe(corrupt=1.0 if seed % 2 else 0.3)
            try:
                async with asyncio.timeout(HANG):
                    await use(registry, *STATEMENTS)
            except NAMED as error:
                failure = failure_of(error)
                if failure.kind is FailureKind.UNKNOWN and failure.sqlstate is None:
                    return f"seed {seed}: {failure}"
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                return f"seed {seed}: {error!r}"
            proxy.heal()
            # Whatever the pool made of it, the next caller is served; a login that was refused, of a user by
            # another name, has the password left alone for a second first.
            await wait_until(lambda: is_served(registry), HANG)
            if registry.stats(NAME).in_use:
                return f"seed {seed}: a connection is lost"
    return "ok"


async def flip(load: Load, postgres: PostgresServer, seeds: range) -> None:
    outcomes = [await outcome(load, postgres, seed) for seed in seeds]

    assert [each for each in outcomes if each != "ok"] == []


async def test_no_raw_error_and_no_hang(load: Load, postgres: PostgresServer) -> None:
    await flip(load, postgres, range(8))


@pytest.mark.slow
async def test_no_raw_error_and_no_hang_in_a_thousand_runs(load: Load, postgres: PostgresServer) -> None:
    await flip(load, postgres, range(1000))

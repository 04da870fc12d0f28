"""What autocommit is for, on the wire: one round trip for a statement, and none to return the connection."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import event, text

from connmgr import Registry
from tests.rig.pipe import Pipe
from tests.rig.postgres import PostgresServer
from tests.rig.proxy import FaultProxy

Load = Callable[..., Registry]

READY = b"Z\0\0\0\x05"
"""How the message begins with which the server ends its part of a round trip."""
ONE = {"size": 1, "max_overflow": 0}
SELECT = text("SELECT 1")


def profile(server: PostgresServer, port: int) -> dict[str, object]:
    return {"url": server.url(port=port), "pool": {**ONE, "pre_ping": "never"}}


@pytest.mark.parametrize(("autocommit", "expected"), [(True, 1), (False, 3)])
async def test_a_session_with_one_prepared_statement_is_one_round_trip(
    load: Load, postgres: PostgresServer, proxy: FaultProxy, *, autocommit: bool, expected: int
) -> None:
    trips: list[None] = []
    async with load(orders=profile(postgres, proxy.port)) as registry:
        for _ in range(2):
            trips.clear()
            proxy.down = Pipe(match=READY, hook=lambda: trips.append(None))
            async with registry.session("orders", autocommit=autocommit) as session:
                await session.execute(SELECT)

    assert len(trips) == expected


async def test_commit_rollback_and_another_statement_cost_what_they_say(
    load: Load, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    trips: list[None] = []
    async with load(orders=profile(postgres, proxy.port)) as registry:
        async with registry.session("orders", autocommit=True) as session:
            await session.execute(SELECT)
        proxy.down = Pipe(match=READY, hook=lambda: trips.append(None))
        async with registry.session("orders", autocommit=True) as session:
            await session.execute(SELECT)
            await session.commit()
            await session.execute(SELECT)
            await session.rollback()

    assert len(trips) == 2


async def test_the_next_transaction_has_the_isolation_level_it_would_have_had(
    load: Load, postgres: PostgresServer
) -> None:
    levels = []
    async with load(orders={"url": postgres.url(), "pool": ONE}) as registry:
        async with registry.connect("orders", autocommit=True) as connection:
            await connection.execute(text("SET default_transaction_isolation TO 'repeatable read'"))
        async with registry.session("orders") as session:
            levels.append(await session.scalar(text("SHOW transaction_isolation")))

    assert levels == ["repeatable read"]


async def test_listeners_of_the_engine_hear_of_a_session_with_autocommit(
    load: Load, postgres: PostgresServer
) -> None:
    heard: list[str] = []
    async with load(orders=profile(postgres, postgres.port)) as registry:
        async with registry.session("orders", autocommit=True) as session:
            await session.execute(SELECT)
        event.listen(
            registry.engine("orders").sync_engine,
            "before_cursor_execute",
            lambda *arguments: heard.append(arguments[2]),
        )

        async with registry.session("orders", autocommit=True) as session:
            await session.execute(SELECT)

    assert heard == ["SELECT 1"]

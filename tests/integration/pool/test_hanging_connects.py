"""Connects that hang, and connections that die at once: the next caller is served, and no server stormed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event

from connmgr import PoolTimeout, Registry
from connmgr.engine.pool.connector import HANGS
from connmgr.settings import ConnectRetry
from tests.rig.pool import PID, Lab
from tests.rig.postgres import PostgresServer
from tests.rig.proxy import FaultProxy
from tests.rig.wait import wait_until

Load = Callable[..., Registry]
NewLab = Callable[..., Lab]
FOREVER, SOON = 60, 10


async def use(lab: Lab) -> None:
    async with lab.engine.connect() as connection:
        await connection.execute(PID)


async def ask(registry: Registry) -> int:
    async with registry.connect("orders") as connection:
        return int((await connection.execute(PID)).scalar_one())


async def test_a_caller_that_comes_as_a_connect_begins_to_hang_is_not_made_to_wait_for_it(
    new_lab: NewLab, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    # Without a housekeeper, which would ask once a second too.
    url = postgres.url(port=proxy.port, sslmode="disable")
    lab = new_lab(url, {"connect": FOREVER}, size=3, max_overflow=0, timeout=FOREVER)
    proxy.refuse()
    callers = [asyncio.create_task(use(lab))]
    await wait_until(lambda: lab.stats.failed > 0)
    proxy.deaf = True
    await proxy.listen()
    await wait_until(lambda: proxy.accepted == 1)
    callers.append(asyncio.create_task(use(lab)))
    await wait_until(lambda: lab.stats.waiting == 2)
    proxy.deaf = False

    lab.clock.advance(HANGS)
    await asyncio.wait_for(asyncio.gather(*callers), SOON)

    assert (lab.stats.checkouts, lab.stats.timeouts, lab.stats.created) == (2, 0, 1)
    # The one that hangs was left alone: it is the oldest, and its server may be merely slow.
    assert lab.stats.connecting == 1


@pytest.mark.alone
async def test_connections_that_die_right_after_the_login_are_replaced_with_pauses(
    load: Load, postgres: PostgresServer
) -> None:
    def die(connection: Any, record: object) -> None:
        connection.driver_connection.terminate()

    timeout = 0.5
    pool = {"size": 1, "max_overflow": 0, "timeout": timeout}
    async with load(orders={"url": postgres.url(), "pool": pool}) as registry:
        event.listen(registry.engine("orders").sync_engine, "connect", die)

        with pytest.raises(PoolTimeout, match="closed by the server right after the login"):
            await ask(registry)

        stats = registry.stats("orders")
        assert 2 <= stats.created <= timeout / (0.75 * ConnectRetry().initial) + 2
        assert (stats.open, stats.closed_by) == (0, {"dead": stats.created})

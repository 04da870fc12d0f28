"""The connection that checks keep: one for all callers, replaced unseen when it went stale."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest

from connmgr import Status
from tests.faults.measure import at_most
from tests.rig.ports import LOOPBACK
from tests.rig.postgres import PostgresServer
from tests.rig.proxy import FaultProxy
from tests.rig.wait import wait_until

CALLERS = 50


async def test_callers_at_the_same_time_share_one_check_and_one_connection(postgres, proxy, load):
    async with load(db={"url": postgres.url(port=proxy.port, sslmode="disable")}) as registry:
        reports = await asyncio.gather(*(registry.health("db") for _ in range(CALLERS)))

    assert {report.reason for report in reports} == {"ok"}
    assert proxy.accepted == 1


async def test_later_checks_use_the_same_connection(postgres, proxy, load):
    async with load(db={"url": postgres.url(port=proxy.port, sslmode="disable")}) as registry:
        for _ in range(3):
            await registry.health("db")

    assert proxy.accepted == 1


def reset(server: PostgresServer, proxy: FaultProxy) -> None:
    proxy.reset()


def end(server: PostgresServer, proxy: FaultProxy) -> None:
    proxy.fin()


def forget(server: PostgresServer, proxy: FaultProxy) -> None:
    """Let the server's side end without a word to the client, as a firewall does that lost its state."""
    proxy.half_open = True
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ^@ 'connmgr'")


@pytest.mark.parametrize("cut", [reset, end, forget])
async def test_a_stale_connection_is_replaced_within_the_check_that_finds_it(
    own_postgres, load, cut: Callable[[PostgresServer, FaultProxy], None]
):
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(FaultProxy(LOOPBACK, own_postgres.port))
        url = own_postgres.url(port=proxy.port, sslmode="disable")
        registry = await stack.enter_async_context(load(db={"url": url}))
        await registry.health("db")
        cut(own_postgres, proxy)
        await wait_until(lambda: own_postgres.backends() == 0, what="the server's end of it to be gone")

        with at_most(1.0):
            report = await registry.health("db")

    assert (report.status, report.reason) == (Status.HEALTHY, "ok")
    assert proxy.accepted == 2

"""A health report says why a database does not answer."""

from __future__ import annotations

import pytest

from connmgr import HealthReport, Status
from tests.rig.client import connected
from tests.rig.pipe import Pipe
from tests.rig.ports import LOOPBACK
from tests.rig.wait import wait_until
from tests.rig.wire import ADMIN_SHUTDOWN, SHUTTING_DOWN, STARTING_UP, Ending, ScriptedServer, Tls


@pytest.mark.parametrize(
    ("answer", "reason", "sqlstate"),
    [
        (STARTING_UP, "starting_up", "57P03"),
        (SHUTTING_DOWN, "shutting_down", "57P03"),
        (ADMIN_SHUTDOWN, "shutting_down", "57P01"),
        (Ending.CLOSE, "connection_lost", "08003"),
        (Ending.RESET, "connection_lost", "08003"),
    ],
)
async def test_what_a_server_says_instead_of_letting_in_is_the_reason(load, answer, reason, sqlstate):
    async with ScriptedServer(answer) as server:
        report = await health(load, f"postgresql://app:pw@{LOOPBACK}:{server.port}/orders")

    assert (report.status, report.reason, report.reachable) == (Status.UNHEALTHY, reason, False)
    assert report.error.sqlstate == sqlstate
    assert report.hint


async def test_a_server_that_waits_for_its_clients_to_leave_is_shutting_down(own_postgres, load):
    async with connected(own_postgres.url()):
        own_postgres.stop("smart", wait=False)
        async with load(db={"url": own_postgres.url()}) as registry:
            await wait_until(lambda: _reason_is(registry, "shutting_down"), what="the refusal")
            report = await registry.health("db")

    assert (report.reason, report.error.sqlstate) == ("shutting_down", "57P03")


async def test_a_server_without_tls_is_a_tls_failure_where_tls_is_required(postgres, load):
    report = await health(load, postgres.url(sslmode="require"))

    assert (report.status, report.reason) == (Status.UNHEALTHY, "tls")


async def test_a_refusal_of_tls_is_never_answered_with_a_connection_in_clear(load):
    async with ScriptedServer(Ending.CLOSE, tls=Tls.REFUSE) as server:
        report = await health(load, f"postgresql://app:pw@{LOOPBACK}:{server.port}/orders?sslmode=require")

    assert report.reason == "tls"
    assert server.startups == []


async def test_a_connection_that_is_reset_under_the_query_is_lost_and_the_next_check_is_healthy(
    postgres, proxy, load
):
    proxy.up = Pipe(match=b"SELECT 1", hook=proxy.reset)
    async with load(db={"url": postgres.url(port=proxy.port)}) as registry:
        cut = await registry.health("db")
        proxy.heal()
        healed = await registry.health("db")

    assert (cut.status, cut.reason) == (Status.UNHEALTHY, "connection_lost")
    assert (healed.status, healed.reason) == (Status.HEALTHY, "ok")


async def health(load, url: str) -> HealthReport:
    async with load(db={"url": url}) as registry:
        return await registry.health("db")


async def _reason_is(registry, reason: str) -> bool:
    return (await registry.health("db")).reason == reason

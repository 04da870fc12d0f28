"""A connect that cannot succeed: every caller hears of it at once, and the server is not asked again."""

from __future__ import annotations

import pytest

from connmgr.engine.failures import classify
from connmgr.failure import FailureKind
from tests.faults.measure import at_most
from tests.faults.pool.books import ONE, ask, outcomes, settled
from tests.rig.refusals import REFUSED

CALLERS = 10
SOON = 1.5
POOL = {"size": 5, "max_overflow": 0, "timeout": "20s", "connecting_limit": 1}
FAILURES = pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ({"password": "wrong", "sslmode": "disable"}, FailureKind.AUTHENTICATION),
        ({"dbname": "nowhere", "sslmode": "disable"}, FailureKind.DATABASE_MISSING),
        ({"sslmode": "require"}, FailureKind.TLS),
    ],
    ids=["wrong password", "missing database", "TLS refused"],
)


@FAILURES
async def test_each_caller_hears_at_once_and_costs_one_login_at_most(postgres, proxy, load, wrong, kind):
    async with load(db={"url": postgres.url(port=proxy.port, **wrong), "pool": POOL}) as registry:
        for callers in range(1, 4):
            with at_most(SOON):
                (error,) = await outcomes([ask(registry)])
            assert classify(error).kind is kind
            stats = await settled(registry)
            # A password that was refused a moment ago is not sent again: that would lock the account.
            logins = 1 if kind is FailureKind.AUTHENTICATION else callers
            assert (proxy.accepted, stats.failed, stats.timeouts) == (logins, callers, 0)


@FAILURES
async def test_one_login_answers_all_who_wait_for_a_first_connection(postgres, proxy, load, wrong, kind):
    async with load(db={"url": postgres.url(port=proxy.port, **wrong), "pool": POOL}) as registry:
        with at_most(SOON):
            errors = await outcomes([ask(registry) for _ in range(CALLERS)])

        assert {classify(error).kind for error in errors} == {kind}
        stats = await settled(registry)
        assert (proxy.accepted, stats.failed) == (1, 1)


async def test_a_caller_that_needs_one_more_hears_at_once_and_those_that_are_open_work_on(
    postgres, proxy, database, load
):
    url = postgres.url(port=proxy.port, dbname=database, sslmode="disable")
    async with load(db={"url": url, "pool": POOL}) as registry:
        async with registry.connect("db") as connection:
            postgres.sql(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
            with at_most(SOON), pytest.raises(REFUSED, match="not currently accepting connections"):
                await ask(registry)

            assert await connection.scalar(ONE) == 1

        assert await ask(registry) == 1
        stats = await settled(registry)
        assert (proxy.accepted, stats.created, stats.failed) == (2, 1, 1)

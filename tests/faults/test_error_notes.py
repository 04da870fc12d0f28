"""Errors that a fault causes pass through unchanged, with one note and one log event of ours."""

from __future__ import annotations

import asyncio

import pytest
from loguru import logger
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from connmgr import PoolTimeout
from tests.rig.wait import wait_until

ONE = text("SELECT 1")
NOTE = "connmgr: profile 'orders', pool: "


@pytest.fixture
def events():
    """Every event that connmgr logs, as loguru's records."""
    records = []
    sink = logger.add(lambda message: records.append(message.record), level="DEBUG", format="{message}")
    logger.enable("connmgr")
    yield records
    logger.disable("connmgr")
    logger.remove(sink)


async def select(registry) -> None:
    async with registry.session("orders") as session:
        await session.execute(ONE)


def notes(error: BaseException) -> list[str]:
    return [note for note in error.__notes__ if note.startswith(NOTE)]


@pytest.mark.parametrize("scope", ["session", "begin", "connect"])
async def test_the_callers_own_error_passes_through_as_the_same_object(postgres, load, events, scope):
    mine = RuntimeError("mine")
    async with load(orders={"url": postgres.url()}) as registry:

        async def fail() -> None:
            async with getattr(registry, scope)("orders") as opened:
                await opened.execute(ONE)
                raise mine

        with pytest.raises(RuntimeError) as raised:
            await fail()

    assert raised.value is mine
    assert [note.startswith(f"{NOTE}1 in use of 15, 0 idle") for note in notes(mine)] == [True]
    assert [(event["level"].name, event["extra"]["profile"]) for event in events] == [("ERROR", "orders")]


async def test_a_connection_that_is_lost_in_a_session_is_noted_and_logged_once(proxy, postgres, load, events):
    async with load(orders={"url": postgres.url(port=proxy.port)}) as registry:

        async def ask_twice() -> None:
            async with registry.session("orders") as session:
                await session.execute(ONE)
                proxy.reset()
                await session.execute(ONE)

        with pytest.raises(DBAPIError) as raised:
            await ask_twice()

    assert len(notes(raised.value)) == 1
    assert [event["extra"]["kind"] for event in events] == ["connection_lost"]
    assert postgres.password not in str(events)


async def test_a_server_that_is_down_is_noted_and_logged_once(own_postgres, load, events):
    own_postgres.stop()
    async with load(orders={"url": own_postgres.url(), "pool": {"timeout": "100ms"}}) as registry:
        with pytest.raises(PoolTimeout) as raised:
            await select(registry)

    assert isinstance(raised.value.__cause__, ConnectionRefusedError)
    assert len(notes(raised.value)) == 1
    assert [event["extra"]["kind"] for event in events] == ["refused"]


async def test_a_close_that_fails_does_not_take_the_place_of_the_error(proxy, postgres, load, events):
    async with load(orders={"url": postgres.url(port=proxy.port)}) as registry:

        async def fail() -> None:
            async with registry.session("orders") as session:
                await session.execute(ONE)
                proxy.reset()
                raise RuntimeError("mine")

        with pytest.raises(RuntimeError, match="mine"):
            await fail()

    assert {event["extra"]["profile"] for event in events} == {"orders"}
    assert events[0]["level"].name == "ERROR"


async def test_a_pool_that_stays_full_is_noted_with_the_counters_at_that_time(postgres, load, events):
    pool = {"size": 1, "max_overflow": 0, "timeout": "100ms"}
    async with load(orders={"url": postgres.url(), "pool": pool}) as registry, registry.connect("orders"):
        with pytest.raises(PoolTimeout) as raised:
            await select(registry)

    assert "1 in use of 1, 0 idle, 0 connecting, 0 waiting" in notes(raised.value)[0]
    assert [event["extra"]["kind"] for event in events] == ["pool_timeout"]


async def test_a_cancellation_is_no_error_and_makes_no_event(postgres, load, events):
    async with load(orders={"url": postgres.url()}) as registry:

        async def sleep() -> None:
            async with asyncio.timeout(0.1), registry.session("orders") as session:
                await session.execute(text("SELECT pg_sleep(60)"))

        with pytest.raises(TimeoutError) as raised:
            await sleep()

    assert not hasattr(raised.value, "__notes__")
    assert events == []


async def test_a_healthy_hour_is_a_quiet_hour(postgres, load, events):
    async with load(orders={"url": postgres.url()}) as registry:
        for _ in range(3):
            await registry.health("orders")
            async with registry.begin("orders") as session:
                await session.execute(ONE)

    assert events == []


@pytest.mark.parametrize("scope", ["session", "connect"])
async def test_a_connection_that_is_lost_before_its_rollback_is_no_error_of_a_reads(
    own_postgres, load, events, scope
):
    async with load(orders={"url": own_postgres.url()}) as registry:
        async with getattr(registry, scope)("orders") as opened:
            found = (await opened.execute(ONE)).scalar_one()
            own_postgres.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name LIKE 'connmgr%'"
            )
            await wait_until(lambda: not _backends(own_postgres))
        stats = registry.stats("orders")

    assert found == 1
    assert (stats.in_use, stats.open, stats.closed) == (0, 0, 1)
    assert [(event["level"].name, "lost before its rollback" in event["message"]) for event in events] == [
        ("WARNING", True)
    ]


async def test_a_connection_that_is_lost_before_its_commit_is_an_error(own_postgres, load):
    async with load(orders={"url": own_postgres.url()}) as registry:
        with pytest.raises(DBAPIError):
            await _lose_before_the_commit(registry, own_postgres)

        assert registry.stats("orders").in_use == 0


async def _lose_before_the_commit(registry, server) -> None:
    async with registry.begin("orders") as session:
        await session.execute(ONE)
        server.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'connmgr%'"
        )
        await wait_until(lambda: not _backends(server))


def _backends(server) -> int:
    return int(server.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'connmgr%'"))


async def test_a_statement_that_takes_longer_than_the_command_time_out_says_so(postgres, load):
    profile = {"url": postgres.url(), "timeouts": {"command": "100ms"}}
    async with load(orders=profile) as registry:
        with pytest.raises(TimeoutError) as raised:
            async with registry.session("orders") as session:
                await session.execute(text("SELECT pg_sleep(30)"))

    assert any("timeouts.command allows each statement 0.1 s" in note for note in raised.value.__notes__)

"""A connection that cannot be made fails in time, whatever it got stuck in, and leaves nothing."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from sqlalchemy import text

from connmgr import PoolTimeout
from tests.faults.measure import at_most, left
from tests.rig.pipe import Pipe
from tests.rig.ports import LOOPBACK
from tests.rig.proxy import FaultProxy
from tests.rig.relay import Relay, unseen
from tests.rig.wait import wait_until
from tests.rig.wire import Ending, ScriptedServer, Tls

CONNECT = 0.5
POOL = 0.8
ENDS = POOL + 0.3


@asynccontextmanager
async def deaf_listener(own_postgres):
    async with FaultProxy(LOOPBACK, own_postgres.port) as proxy:
        proxy.deaf = True
        yield own_postgres.url(port=proxy.port)


@asynccontextmanager
async def frozen_server(own_postgres):
    own_postgres.freeze()
    yield own_postgres.url()
    own_postgres.thaw()


@asynccontextmanager
async def silent_after_yes_to_tls(own_postgres):
    async with ScriptedServer(Ending.SILENCE, tls=Tls.ACCEPT_THEN_SILENCE) as server:
        yield own_postgres.url(port=server.port, sslmode="require")


@asynccontextmanager
async def silent_to_the_wish_for_tls(own_postgres):
    async with ScriptedServer(Ending.SILENCE, tls=Tls.SILENCE) as server:
        yield own_postgres.url(port=server.port)


@asynccontextmanager
async def silent_to_the_login(own_postgres):
    async with ScriptedServer(Ending.SILENCE) as server:
        yield own_postgres.url(port=server.port)


STUCK = [
    deaf_listener,
    frozen_server,
    silent_after_yes_to_tls,
    silent_to_the_wish_for_tls,
    silent_to_the_login,
]


@pytest.mark.parametrize("stuck", STUCK)
async def test_a_connect_that_is_stuck_ends_in_time_and_says_which_setting_ended_it(
    own_postgres, load, stuck
):
    place: AbstractAsyncContextManager[str] = stuck(own_postgres)
    document = {"timeouts": {"connect": CONNECT}, "pool": {"timeout": POOL}}
    async with place as url, load(orders={"url": url, **document}) as registry:
        before = left()
        async with registry.session("orders") as session:
            with at_most(ENDS), pytest.raises(PoolTimeout) as raised:
                await session.execute(text("SELECT 1"))
        await wait_until(lambda: left() == before, what="sockets, threads and tasks to be as before")
        stats = registry.stats("orders")

    message = str(raised.value)
    assert "'orders'" in message
    assert "timeouts.connect" in message
    assert isinstance(raised.value.__cause__, TimeoutError)
    assert own_postgres.password not in message
    assert (stats.open, stats.in_use, stats.connecting) == (0, 0, 0)


async def test_a_slot_whose_connects_were_stuck_is_free_again_afterwards(peer, load):
    document = {
        "url": peer.url,
        "pool": {"size": 1, "max_overflow": 0, "timeout": POOL},
        "timeouts": {"connect": CONNECT},
    }
    async with load(db=document) as registry:
        peer.die()
        for _ in range(3):
            with pytest.raises(PoolTimeout):
                async with registry.connect("db"):
                    pass
        peer.revive()

        async with registry.session("db") as session:
            assert await session.scalar(text("SELECT 1")) == 1


async def test_the_first_queries_of_a_new_connection_count_in_its_time(postgres, proxy, load):
    proxy.up = proxy.down = Pipe(latency=0.2)
    connect = 1.8  # long enough for the login, which takes 1.2 s here, and too short for SQLAlchemy's queries
    document = {"timeouts": {"connect": connect}, "pool": {"timeout": connect + 0.2}}
    async with (
        Relay(proxy.port, unseen(postgres, b"95")) as relay,
        load(db={"url": postgres.url(port=relay.port, sslmode="disable"), **document}) as registry,
    ):
        before = left()
        with at_most(connect + 0.5), pytest.raises(PoolTimeout, match=r"timeouts\.connect"):
            async with registry.connect("db"):
                pass
        await wait_until(lambda: left() == before, what="sockets, threads and tasks to be as before")
        stats = registry.stats("db")

    assert stats.created == 0
    assert (stats.open, stats.in_use, stats.connecting) == (0, 0, 0)

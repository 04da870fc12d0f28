"""The rig's server really stops, dies, freezes and comes back, as a client sees it."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from tests.rig import processes
from tests.rig.client import connected
from tests.rig.ports import LOOPBACK
from tests.rig.postgres import PostgresServer
from tests.rig.wait import wait_until

ALIVE = "SELECT 1"
LOST = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, ConnectionError)


async def is_turned_away(url):
    try:
        async with connected(url):
            return False
    except (asyncpg.CannotConnectNowError, ConnectionRefusedError):
        return True


async def test_the_app_role_enters_its_orders_database_with_the_url(postgres):
    async with connected(postgres.url()) as connection:
        row = await connection.fetchrow("SELECT current_user::text, current_database()::text")

    assert tuple(row) == ("app", "orders")


async def test_a_wrong_password_is_refused_by_its_sqlstate(postgres):
    with pytest.raises(asyncpg.InvalidPasswordError) as refused:
        await asyncpg.connect(postgres.url(password="wrong"), ssl=False)

    assert refused.value.sqlstate == "28P01"


async def test_a_missing_database_is_refused_by_its_sqlstate(postgres):
    with pytest.raises(asyncpg.InvalidCatalogNameError) as refused:
        await asyncpg.connect(postgres.url(dbname="nowhere"), ssl=False)

    assert refused.value.sqlstate == "3D000"


async def test_a_full_server_refuses_the_next_client_as_53300(postgres_template):
    with PostgresServer(postgres_template, max_connections=5) as server:
        # Three of the five are for superusers.
        async with connected(server.url()), connected(server.url()):
            with pytest.raises(asyncpg.TooManyConnectionsError):
                await asyncpg.connect(server.url())


async def test_each_database_fixture_is_empty_and_belongs_to_app(postgres, database):
    async with connected(postgres.url(dbname=database)) as connection:
        await connection.execute("CREATE TABLE mine (id int)")
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE tableowner = 'app'")

    assert [row["tablename"] for row in tables] == ["mine"]


def test_a_lent_database_is_gone_afterwards(postgres):
    with postgres.database() as name:
        pass

    assert postgres.sql("SELECT count(*) FROM pg_database WHERE datname = :'name'", name=name) == "0"


async def test_backends_counts_clients_by_the_start_of_their_application_name(postgres):
    names = {"server_settings": {"application_name": "counted-7"}}

    async with connected(postgres.url(), **names), connected(postgres.url()):
        assert postgres.backends("counted-") == 1

    await wait_until(lambda: postgres.backends("counted-") == 0)


@pytest.mark.parametrize("how", ["fast", "immediate"])
async def test_a_stop_ends_connections_and_a_start_brings_the_same_port_back(own_postgres, how):
    async with connected(own_postgres.url()) as connection:
        own_postgres.stop(how)
        with pytest.raises(LOST):
            await connection.fetchval(ALIVE)
    with pytest.raises(ConnectionRefusedError):
        await asyncpg.connect(own_postgres.url())

    own_postgres.start()

    async with connected(own_postgres.url()) as connection:
        assert await connection.fetchval(ALIVE) == 1


async def test_a_smart_stop_lets_clients_finish_and_takes_no_new_ones(own_postgres):
    async with connected(own_postgres.url()) as connection:
        own_postgres.stop("smart", wait=False)

        await wait_until(lambda: is_turned_away(own_postgres.url()))
        assert await connection.fetchval(ALIVE) == 1

    await wait_until(lambda: not own_postgres.is_running)


async def test_a_kill_leaves_no_process_and_committed_rows_survive_it(own_postgres):
    async with connected(own_postgres.url()) as connection:
        await connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
        backend = await connection.fetchval("SELECT pg_backend_pid()")

        own_postgres.kill()

        assert processes.state(backend) in processes.GONE
        with pytest.raises(LOST):
            await connection.fetchval(ALIVE)

    own_postgres.start()
    async with connected(own_postgres.url()) as connection:
        assert await connection.fetchval("SELECT value FROM kept") == 7


async def test_a_frozen_server_is_silent_to_old_and_new_clients_until_thawed(own_postgres):
    async with connected(own_postgres.url()) as connection:
        own_postgres.freeze()

        answer = asyncio.create_task(connection.fetchval(ALIVE))
        with pytest.raises(TimeoutError):
            await asyncpg.connect(own_postgres.url(), timeout=0.2)
        assert not answer.done()

        own_postgres.thaw()
        assert await asyncio.wait_for(answer, 5) == 1


async def test_the_kernel_accepts_connections_for_a_frozen_server(own_postgres):
    own_postgres.freeze()

    _, writer = await asyncio.wait_for(asyncio.open_connection(LOOPBACK, own_postgres.port), 5)

    writer.close()
    await writer.wait_closed()


async def test_a_server_whose_port_is_taken_meanwhile_starts_on_another(postgres_template, postgres):
    server = PostgresServer(postgres_template)
    server.port = postgres.port

    with server:
        assert server.port != postgres.port
        async with connected(server.url()) as connection:
            assert await connection.fetchval(ALIVE) == 1


@pytest.mark.parametrize("state", ["running", "frozen", "killed", "stopped"])
def test_whatever_state_a_server_is_in_nothing_of_it_is_left(postgres_template, state):
    with PostgresServer(postgres_template) as server:
        family = [server.pid, *processes.children(server.pid)]
        {"running": lambda: None, "frozen": server.freeze, "killed": server.kill, "stopped": server.stop}[
            state
        ]()

    assert [pid for pid in family if processes.state(pid) not in processes.GONE] == []
    assert not server.directory.exists()

"""What asyncpg makes of an answer that is none has a name; what other code raises stays as it is."""

from __future__ import annotations

from collections.abc import Callable

import asyncpg
import asyncpg.connect_utils
import pytest

from connmgr import Registry
from tests.rig.postgres import PostgresServer

Load = Callable[..., Registry]


def of_asyncpgs_own() -> Exception:
    """An error that asyncpg's own code raises as it takes something apart."""
    with pytest.raises(TypeError) as caught:
        asyncpg.connect_utils._parse_hostlist(None, 5432)
    return caught.value


async def test_a_connection_that_is_out_of_step_is_closed(load: Load, postgres: PostgresServer) -> None:
    async with load(orders={"url": postgres.url()}) as registry, registry.connect("orders") as connection:
        driver_connection = (await connection.get_raw_connection()).driver_connection
        error = of_asyncpgs_own()

        read = driver_connection.read(error, is_autocommit=False)

        assert isinstance(read, asyncpg.ProtocolError)
        assert read.__cause__ is error
        assert "the server's answer cannot be read (TypeError" in str(read)
        assert driver_connection.is_closed()


@pytest.mark.parametrize(
    "error", [ValueError("of a codec of the application's"), asyncpg.DeadlockDetectedError("x")]
)
async def test_any_other_error_stays_what_it_is(
    load: Load, postgres: PostgresServer, error: Exception
) -> None:
    async with load(orders={"url": postgres.url()}) as registry, registry.connect("orders") as connection:
        driver_connection = (await connection.get_raw_connection()).driver_connection

        assert driver_connection.read(error, is_autocommit=False) is error
        assert not driver_connection.is_closed()


async def test_a_date_beyond_pythons_is_data_and_the_connection_stays(
    load: Load, postgres: PostgresServer
) -> None:
    async with load(orders={"url": postgres.url()}) as registry, registry.connect("orders") as connection:
        driver_connection = (await connection.get_raw_connection()).driver_connection
        with pytest.raises(OverflowError) as caught:
            await driver_connection.fetchval("SELECT '20000-01-01 00:00+00'::timestamptz")

        assert isinstance(driver_connection.read(caught.value, is_autocommit=False), asyncpg.DataError)
        assert not driver_connection.is_closed()

"""Connect through connmgr's driver to a target made by hand, without a profile file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import asyncpg

from connmgr.engine.drivers import Driver, build_driver
from connmgr.secret import Secret
from connmgr.settings import Settings, Timeouts
from connmgr.target import PostgresTarget, Server
from tests.rig.ports import LOOPBACK
from tests.rig.postgres import PostgresServer
from tests.rig.template import DATABASE, ROLE


@dataclass(frozen=True, slots=True)
class Known:
    """A secret source that holds its secret."""

    text: str
    ttl: ClassVar[float | None] = None
    previous: ClassVar[Known | None] = None

    def describe(self) -> str:
        """Say where it comes from."""
        return "the test"

    async def get(self) -> Secret:
        """Return it."""
        return Secret(self.text)


def at(server: PostgresServer, host: str = "localhost") -> Server:
    """Name a server of the rig's as a target does: `host` is what certificates are checked against."""
    return Server(host, server.port, LOOPBACK)


def settings_for(*servers: Server, password: str, connect: float = 5.0, **words: Any) -> Settings:
    """Settings for the rig's database on these servers; `words` are more of the target's."""
    words = {"sslmode": "disable", "application_name": "rig", **words}
    target = PostgresTarget(servers, DATABASE, ROLE, Known(password), **words)
    return Settings("orders", target, timeouts=Timeouts(connect=connect))


@asynccontextmanager
async def connection_of(driver: Driver) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Lend a connection of a driver's; on exit both are closed."""
    try:
        connection = await driver.connect()
        try:
            yield connection
        finally:
            driver.terminate(connection)
    finally:
        await driver.close()


def connected_by(settings: Settings) -> Any:
    """`connection_of` a new driver for these settings."""
    return connection_of(build_driver(settings))

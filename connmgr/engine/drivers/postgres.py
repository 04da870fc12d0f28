"""PostgreSQL through asyncpg: the first of the target's servers that will do."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, cast

import asyncpg
from sqlalchemy.engine import URL

from connmgr.engine.drivers import session_attrs
from connmgr.engine.drivers.asked import Asked
from connmgr.engine.drivers.connection import Connection
from connmgr.engine.drivers.described import described, load_of
from connmgr.engine.drivers.login import log_in
from connmgr.engine.resolver import resolve
from connmgr.engine.servers import (
    Attempt,
    DoesNotFit,
    failure,
    in_order,
    leads_to_next,
    shares,
    tell_of_others,
)
from connmgr.engine.tls import build_context, is_encrypted
from connmgr.secret import Secret
from connmgr.server import ServerInfo, ServerLoad
from connmgr.settings import Settings
from connmgr.target import PostgresTarget, Server, SessionAttrs

_NO_PASS_PHRASE: Final = Asked(None)


class PostgresDriver:
    """asyncpg connections to one target."""

    __slots__ = ("_contexts", "_pass_phrase", "_password", "_settings", "_target")

    terminate_stops_work = False
    can_reset = True
    checks_integrity = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._target = cast(PostgresTarget, settings.target)
        self._contexts: dict[str, ssl.SSLContext] | None = None
        self._password = Asked(self._target.password)
        self._pass_phrase = Asked(self._target.sslpassword) if self._target.sslpassword else _NO_PASS_PHRASE

    @property
    def url(self) -> URL:
        target, server = self._target, self._target.servers[0]
        return URL.create(
            "postgresql+asyncpg", target.user, host=server.host, port=server.port, database=target.dbname
        )

    def adopt(self, settings: Settings) -> None:
        self._settings = settings
        self._target = cast(PostgresTarget, settings.target)
        self._password.adopt(self._target.password)

    @property
    def secrets(self) -> Iterable[Secret]:
        return self._password.known + self._pass_phrase.known

    async def connect(self, *_args: Any, within: float | None = None, **_kwargs: Any) -> Connection:
        """Open a connection to the first address of the first server that takes one and fits.

        Each server, and each of its addresses, gets its share of what is left of `within` (else of
        `timeouts.connect`), so that one which swallows packets leaves time for the next.

        Raises:
            NoServerFits: servers answered, and none is what `target_session_attrs` wants.
        """
        end = asyncio.get_running_loop().time() + (within or self._settings.timeouts.connect)
        await self._password.ask()
        servers = in_order(self._target.servers, self._target)
        tried: list[Attempt] = []
        for wanted, pass_end in shares(session_attrs.passes(self._target.target_session_attrs), end):
            connection = await self._first_that_fits(servers, wanted, pass_end, tried)
            if connection is not None:
                return connection
            # Those that did not answer a moment ago would only spend the time of a second pass.
            answered = [attempt.server for attempt in tried if isinstance(attempt.error, DoesNotFit)]
            servers = list(dict.fromkeys(answered))
        raise failure(tried, self._target.target_session_attrs)

    async def _first_that_fits(
        self, servers: Sequence[Server], wanted: SessionAttrs, end: float, tried: list[Attempt]
    ) -> Connection | None:
        """Return None when no server will do; `tried` then holds why."""
        for server, server_end in shares(servers, end):
            for address, address_end in shares(await self._addresses(server, server_end, tried), server_end):
                try:
                    async with asyncio.timeout_at(address_end):
                        return await self._connect_to(server, address, wanted)
                except Exception as error:
                    if not leads_to_next(error):
                        tell_of_others(error, tried)
                        raise
                    tried.append(Attempt(server, address, error))
        return None

    async def _addresses(self, server: Server, end: float, tried: list[Attempt]) -> list[str]:
        """Return no address when the name has none, or none in time; `tried` then holds why."""
        if server.hostaddr is not None:
            return [server.hostaddr]
        try:
            async with asyncio.timeout_at(end):
                return in_order(await resolve(server.host, server.port), self._target)
        except OSError as error:
            tried.append(Attempt(server, server.host, error))
            return []

    async def _connect_to(self, server: Server, address: str, wanted: SessionAttrs) -> Connection:
        context = await self._context(server)
        connection = await log_in(
            self._settings, server, address, password=self._password.reveal, context=context
        )
        try:
            await session_attrs.check(connection, wanted)
        except BaseException:
            # asyncpg says goodbye here too, and does not wait for an answer: the wait would be taken from
            # the time of the next server, and a server that is slow to answer would look like a silent one.
            connection.terminate()
            raise
        return connection

    async def _context(self, server: Server) -> ssl.SSLContext | None:
        """Build one TLS context per host name: reading the system's store takes tens of milliseconds."""
        if not is_encrypted(self._target, server):
            return None
        contexts = self._contexts
        if contexts is None:
            contexts = self._contexts = {}
        context = contexts.get(server.host)
        if context is None:
            await self._pass_phrase.ask()
            context = build_context(self._target, server, self._pass_phrase.reveal)
            contexts[server.host] = context
        return context

    @property
    def identity(self) -> Hashable:
        return replace(self._target, application_name="")

    @property
    def servers(self) -> tuple[Hashable, ...]:
        return self._target.servers

    def address(self, connection: Connection) -> Hashable:
        return connection.address

    async def probe(self, connection: Connection) -> ServerInfo:
        await connection.execute("SELECT 1")
        return await described(connection, self._target.target_session_attrs)

    async def load(self, connection: Connection) -> ServerLoad | None:
        return await load_of(connection)

    async def integrity(self, connection: Connection) -> str | None:
        return None

    async def ping(self, connection: Connection) -> None:
        # Without arguments asyncpg prepares nothing and sends one message; it cannot read the answer to an
        # empty statement.
        await connection.execute("SELECT 1")

    async def reset(self, connection: Connection) -> None:
        await connection.reset()

    def is_closed(self, connection: Connection) -> bool:
        return connection.is_closed()

    def is_in_transaction(self, connection: Connection) -> bool:
        return not connection.is_closed() and connection.is_in_transaction()

    def was_ended_in_sql(self, connection: Connection) -> bool:
        return not connection.is_closed() and connection.was_ended_in_sql()

    def terminate(self, connection: Connection) -> None:
        # Also when `is_closed()`: that is true from the start of a polite close, which waits for a server
        # that may be gone, and nothing but this ends that wait. asyncpg raises for one that the server has
        # ended, where nothing is left to do.
        with contextlib.suppress(asyncpg.InternalClientError):
            connection.terminate()

    async def close(self) -> None:
        self._contexts = None

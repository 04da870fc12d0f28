"""PostgreSQL through asyncpg: the first of the target's servers that will do."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

import asyncpg
from sqlalchemy.engine import URL

from connmgr.engine.drivers import session_attrs
from connmgr.engine.drivers.asked import Asked
from connmgr.engine.drivers.connection import Connection
from connmgr.engine.drivers.described import described, load_of
from connmgr.engine.drivers.lasting import asked
from connmgr.engine.drivers.login import log_in
from connmgr.engine.drivers.rotating import Rotating
from connmgr.engine.drivers.tls_contexts import TLSContexts
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
from connmgr.engine.tls import is_encrypted
from connmgr.secret import Secret
from connmgr.server import ServerInfo, ServerLoad
from connmgr.settings import Settings
from connmgr.target import PostgresTarget, Server, SessionAttrs


class PostgresDriver:
    """asyncpg connections to one target."""

    __slots__ = ("_left", "_password", "_rotating", "_settings", "_tls")

    terminate_stops_work = False
    can_reset = True
    checks_integrity = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        source = self._target.password
        self._password = None if source is None else asked(source, settings.name)
        # Most of a thousand profiles are at rest, or have neither.
        self._rotating: Rotating | None = None
        self._tls: TLSContexts | None = None
        self._left: list[Asked] | None = None

    @property
    def _target(self) -> PostgresTarget:
        return cast(PostgresTarget, self._settings.target)

    @property
    def url(self) -> URL:
        target, server = self._target, self._target.servers[0]
        return URL.create(
            "postgresql+asyncpg", target.user, host=server.host, port=server.port, database=target.dbname
        )

    def adopt(self, settings: Settings) -> None:
        before, self._settings = self._target.password, settings
        source = self._target.password
        if source == before:
            return
        former, self._password = self._password, None if source is None else asked(source, settings.name)
        if former is not None and self._password is not None:
            self._password.follow(former)
        left = (former, None if self._rotating is None else self._rotating.previous, *(self._left or ()))
        # Those alone that still ask: a source may be changed as often as one likes.
        self._left = [each for each in left if each is not None and each.is_asking] or None
        self._rotating = None

    @property
    def secrets(self) -> Iterable[Secret]:
        known = [] if self._password is None else self._password.known
        for others in (self._rotating, self._tls):
            known += [] if others is None else others.known
        return known

    @property
    def secret_trouble(self) -> str | None:
        trouble = None if self._password is None else self._password.trouble
        return trouble or (None if self._tls is None else self._tls.trouble)

    async def connect(self, *_args: Any, within: float | None = None, **_kwargs: Any) -> Connection:
        """Open a connection to the first address of the first server that takes one and fits.

        Each server, and each of its addresses, gets its share of what is left of `within` (else of
        `timeouts.connect`), so that one which swallows packets leaves time for the next.

        Raises:
            NoServerFits: servers answered, and none is what `target_session_attrs` wants.
        """
        end = asyncio.get_running_loop().time() + (within or self._settings.timeouts.connect)
        if self._password is None:
            return await self._connect(end, None)
        rotating = self._rotating = self._rotating or self._new_rotating(self._password)
        try:
            return await rotating.log_in(lambda secret: self._connect(end, secret), end)
        finally:
            if rotating.is_at_rest:
                self._rotating = None

    def _new_rotating(self, password: Asked) -> Rotating:
        source = self._target.password
        previous = source.previous if source is not None else None
        return Rotating(password, Asked(previous) if previous is not None else None, self._settings.name)

    async def _connect(self, end: float, secret: Secret | None) -> Connection:
        servers = in_order(self._target.servers, self._target)
        tried: list[Attempt] = []
        for wanted, pass_end in shares(session_attrs.passes(self._target.target_session_attrs), end):
            connection = await self._first_that_fits(servers, wanted, pass_end, tried, secret)
            if connection is not None:
                return connection
            # Those that did not answer a moment ago would only spend the time of a second pass.
            answered = [attempt.server for attempt in tried if isinstance(attempt.error, DoesNotFit)]
            servers = list(dict.fromkeys(answered))
        raise failure(tried, self._target.target_session_attrs)

    async def _first_that_fits(
        self,
        servers: Sequence[Server],
        wanted: SessionAttrs,
        end: float,
        tried: list[Attempt],
        secret: Secret | None,
    ) -> Connection | None:
        """Return None when no server will do; `tried` then holds why."""
        for server, server_end in shares(servers, end):
            for address, address_end in shares(await self._addresses(server, server_end, tried), server_end):
                try:
                    async with asyncio.timeout_at(address_end):
                        return await self._connect_to(server, address, wanted, secret)
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

    async def _connect_to(
        self, server: Server, address: str, wanted: SessionAttrs, secret: Secret | None
    ) -> Connection:
        context = await self._context(server)
        password: Callable[[], str] = _no_password if secret is None else secret.reveal
        connection = await log_in(self._settings, server, address, password=password, context=context)
        connection.secret_ends_at = None
        try:
            if secret is not None and self._rotating is not None:
                self._rotating.accepted(secret)
                connection.secret_ends_at = self._rotating.ends_at(secret)
            await session_attrs.check(connection, wanted)
        except BaseException:
            # asyncpg says goodbye here too, and does not wait for an answer: the wait would be taken from
            # the time of the next server, and a server that is slow to answer would look like a silent one.
            connection.terminate()
            raise
        return connection

    async def _context(self, server: Server) -> ssl.SSLContext | None:
        if not is_encrypted(self._target, server):
            return None
        if self._tls is None:
            self._tls = TLSContexts(self._target, self._settings.name)
        return await self._tls.context(server)

    def lasts(self, connection: Connection) -> float | None:
        # A listener of the application's may have made it.
        end = getattr(connection, "secret_ends_at", None)
        return None if end is None else end - asyncio.get_running_loop().time()

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
        for owner in (self._password, self._rotating, self._tls, *(self._left or ())):
            if owner is not None:
                await owner.close()


def _no_password() -> str:
    return ""

"""PostgreSQL through asyncpg: name resolution, TLS and socket options decided by the settings alone."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import getpass
import socket
import ssl
import sys
from collections.abc import Iterable
from typing import Any, cast

import asyncpg
from asyncpg.connect_utils import SessionAttribute
from sqlalchemy.engine import URL

from connmgr.engine.drivers.failed_connect import tidy_up
from connmgr.engine.resolver import resolve
from connmgr.engine.tls import build_context, may_try_other_transport, transports
from connmgr.profile import PostgresTarget, Settings
from connmgr.report import ServerInfo
from connmgr.secret import Secret

# A peer that went without a word is given up after KEEPALIVE_IDLE + KEEPALIVE_COUNT * KEEPALIVE_INTERVAL
# seconds of silence, or when sent data stays unacknowledged for USER_TIMEOUT seconds. Without these the
# kernel waits for a quarter of an hour or more, and so does the caller. Linux has all of them; other
# systems get those they know.
KEEPALIVE_IDLE = 10
KEEPALIVE_INTERVAL = 2
KEEPALIVE_COUNT = 3
USER_TIMEOUT = 10
_SOCKET_OPTIONS = {
    "TCP_KEEPIDLE": KEEPALIVE_IDLE,
    "TCP_KEEPINTVL": KEEPALIVE_INTERVAL,
    "TCP_KEEPCNT": KEEPALIVE_COUNT,
    "TCP_USER_TIMEOUT": USER_TIMEOUT * 1000,
}


class PostgresDriver:
    """asyncpg connections to one target."""

    terminate_stops_work = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._target = cast(PostgresTarget, settings.target)
        self._context: ssl.SSLContext | None = None
        self._context_built = False
        self._password: Secret | None = None
        self._earlier: Secret | None = None

    @property
    def url(self) -> URL:
        target = self._target
        return URL.create(
            "postgresql+asyncpg", target.user, host=target.host, port=target.port, database=target.dbname
        )

    @property
    def secrets(self) -> Iterable[Secret]:
        return [secret for secret in (self._password, self._earlier) if secret is not None]

    async def connect(
        self, *_args: Any, within: float | None = None, **_kwargs: Any
    ) -> asyncpg.Connection[asyncpg.Record]:
        """Open a connection to the first address that takes one.

        An address that does not answer gets its share of what is left of `within` (else of
        `timeouts.connect`), so that one which swallows packets leaves time for the next.
        """
        await self._ask_password()
        addresses = await resolve(self._target.host, self._target.port)
        loop = asyncio.get_running_loop()
        end = loop.time() + (within or self._settings.timeouts.connect)
        errors: list[OSError] = []
        for to_go, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            share = (end - loop.time()) / to_go if to_go > 1 else None  # the caller ends the last one
            try:
                async with asyncio.timeout(share):
                    return await self._connect_address(address)
            except OSError as error:
                if len(addresses) > 1:
                    error.add_note(f"connmgr tried {address} of {', '.join(addresses)}")
                errors.append(error)
        raise _most_telling(errors)

    async def _ask_password(self) -> None:
        if self._target.password is None:
            return
        password = await self._target.password.get()
        if password != self._password:
            # Still to be masked: connections that are open may have been made with it.
            self._password, self._earlier = password, self._password

    async def _connect_address(self, address: str) -> asyncpg.Connection[asyncpg.Record]:
        *others, last = transports(self._target.sslmode, self._tls_context())
        for context in others:
            try:
                return await self._login(address, context)
            except (OSError, asyncpg.PostgresError) as exc:
                if not may_try_other_transport(exc):
                    raise
        return await self._login(address, last)

    def _tls_context(self) -> ssl.SSLContext | None:
        """Build the TLS context once: reading the system's certificates takes tens of milliseconds."""
        if not self._context_built:
            self._context = build_context(self._target)
            self._context_built = True
        return self._context

    async def _login(
        self, address: str, context: ssl.SSLContext | None
    ) -> asyncpg.Connection[asyncpg.Record]:
        target = self._target
        try:
            connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
                host=address,
                port=target.port,
                user=target.user or getpass.getuser(),
                database=target.dbname,
                # A callable even where there is no password: given None, asyncpg would search the home
                # directory and PGPASSFILE for one.
                password=self._reveal,
                ssl=context if context is not None else False,
                # asyncpg asks the environment about what it is not told.
                direct_tls=False,
                target_session_attrs=SessionAttribute.any,
                krbsrvname="postgres",
                gsslib="sspi" if sys.platform == "win32" else "gssapi",
                server_settings=self._server_settings(),
                timeout=self._settings.timeouts.connect,
            )
        except BaseException as error:
            tidy_up(error)
            raise
        try:
            _set_socket_options(connection)
        except BaseException:
            connection.terminate()
            raise
        return connection

    def _reveal(self) -> str:
        return "" if self._password is None else self._password.reveal()

    def _server_settings(self) -> dict[str, str]:
        values = {"application_name": self._target.application_name}
        if self._settings.timeouts.statement is not None:
            values["statement_timeout"] = str(round(self._settings.timeouts.statement * 1000))
        return values

    async def probe(self, connection: asyncpg.Connection[asyncpg.Record]) -> ServerInfo:
        await connection.execute("SELECT 1")
        facts = connection.get_settings()
        standby = getattr(facts, "in_hot_standby", None)
        if standby is None:  # PostgreSQL 13 does not report it
            standby = "on" if await connection.fetchval("SELECT pg_catalog.pg_is_in_recovery()") else "off"
        version = str(getattr(facts, "server_version", "")).partition(" ")[0]
        return ServerInfo("PostgreSQL", version, "standby" if standby == "on" else "primary")

    def is_closed(self, connection: asyncpg.Connection[asyncpg.Record]) -> bool:
        return connection.is_closed()

    def terminate(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        # Also when `is_closed()`: that is true from the start of a polite close, which waits for a server
        # that may be gone, and nothing but this ends that wait. asyncpg raises for one that the server has
        # ended, where nothing is left to do.
        with contextlib.suppress(asyncpg.InternalClientError):
            connection.terminate()

    async def close(self) -> None:
        self._context, self._context_built = None, False


def _set_socket_options(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    # asyncpg offers no other way to its socket than the transport that it keeps to itself.
    sock = getattr(connection, "_transport").get_extra_info("socket")  # noqa: B009
    if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _SOCKET_OPTIONS.items():
        option = getattr(socket, name, None)
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


def _most_telling(errors: list[OSError]) -> OSError:
    """Return the last error, unless it only says that this machine has no way to that address.

    A name often has an IPv6 address where no IPv6 leads anywhere; "unreachable" would then stand for the
    time-out or the refusal of the address that matters.
    """
    unreachable = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL}
    telling = [error for error in errors if error.errno not in unreachable]
    return telling[-1] if telling else errors[-1]

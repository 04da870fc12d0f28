"""One login to one address through asyncpg, decided by the settings alone."""

from __future__ import annotations

import getpass
import ssl
import sys
from collections.abc import Callable
from typing import Final, cast

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from connmgr.engine.drivers.answers import as_read
from connmgr.engine.drivers.connection import Connection
from connmgr.engine.drivers.failed_connect import tidy_up
from connmgr.engine.drivers.sockets import set_options
from connmgr.engine.tls_advice import explain
from connmgr.engine.transports import may_try_other_transport, transports
from connmgr.settings import Settings
from connmgr.target import PostgresTarget, Server

_WRITERS: Final = ("any", "primary", "read-write")
"""What `target_session_attrs` may be in a profile that writes."""


async def log_in(
    settings: Settings,
    server: Server,
    address: str,
    *,
    password: Callable[[], str],
    context: ssl.SSLContext | None,
) -> Connection:
    """Log in to `server` at `address`, in clear text too where `sslmode` allows that.

    `context` is what `build_context` gave for the server. What fails in TLS has a note that names the
    settings which decide it. Cancelled or failed, nothing is left open.
    """
    target = cast(PostgresTarget, settings.target)
    first, *others = transports(target.sslmode, context)
    try:
        return await _log_in_by(first, settings, server, address, password)
    except (OSError, asyncpg.PostgresError) as exc:
        if not others or not may_try_other_transport(exc, encrypted=first is not None):
            raise
        failed = exc
    try:
        return await _log_in_by(others[0], settings, server, address, password)
    except Exception as exc:
        way = "in clear text" if first is None else "with TLS"
        exc.add_note(f"connmgr tried {way} before that: {failed}")
        raise


async def _log_in_by(
    context: ssl.SSLContext | None,
    settings: Settings,
    server: Server,
    address: str,
    password: Callable[[], str],
) -> Connection:
    target = cast(PostgresTarget, settings.target)
    try:
        connection = await asyncpg.connect(
            host=address,
            port=server.port,
            user=target.user or getpass.getuser(),
            database=target.dbname,
            # A callable even where there is no password: given None, asyncpg would search the home
            # directory and PGPASSFILE for one.
            password=password,
            ssl=context if context is not None else False,
            # asyncpg asks the environment about what it is not told.
            direct_tls=context is not None and target.sslnegotiation == "direct",
            target_session_attrs=SessionAttribute.any,
            krbsrvname="postgres",
            gsslib="sspi" if sys.platform == "win32" else "gssapi",
            server_settings=_startup(settings, target),
            timeout=settings.timeouts.connect,
            command_timeout=settings.timeouts.command,
            connection_class=Connection,
        )
    except BaseException as error:
        note = explain(error, target, server, encrypted=context is not None)
        if note is not None:
            error.add_note(f"connmgr: {note}")
        tidy_up(error)
        if isinstance(error, Exception) and (read := as_read(error)) is not error:
            raise read from error
        raise
    try:
        # asyncpg offers no other way to its socket than the transport that it keeps to itself.
        set_options(getattr(connection, "_transport").get_extra_info("socket"), target)  # noqa: B009
    except BaseException:
        connection.terminate()
        raise
    connection.profile = settings.name
    connection.address = (address, server.port)
    connection.was_read_only = (
        getattr(connection.get_settings(), "default_transaction_read_only", None) == "on"
    )
    connection.expects_writer = target.target_session_attrs in _WRITERS and not settings.session.autocommit
    return connection


def _startup(settings: Settings, target: PostgresTarget) -> dict[str, str]:
    values = {"application_name": target.application_name}
    if target.options is not None:
        values["options"] = target.options
    limits = {
        "statement_timeout": settings.timeouts.statement,
        "lock_timeout": settings.timeouts.lock,
        "idle_in_transaction_session_timeout": settings.timeouts.idle_in_transaction,
    }
    # The server counts in milliseconds, and 0 would be no limit.
    given = {name: str(max(1, round(limit * 1000))) for name, limit in limits.items() if limit is not None}
    return values | given

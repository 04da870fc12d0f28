"""What a PostgreSQL server says of itself, for health reports."""

from __future__ import annotations

import datetime as dt
import ssl
from typing import Any, Final

import asyncpg

from connmgr.engine.drivers import session_attrs
from connmgr.server import ServerInfo, ServerLoad, TLSInfo
from connmgr.target import SessionAttrs

_LOAD: Final = """
SELECT (SELECT pg_catalog.sum(numbackends) FROM pg_catalog.pg_stat_database)::int,
       pg_catalog.current_setting('max_connections')::int
       - pg_catalog.current_setting('superuser_reserved_connections')::int
       - coalesce(nullif(pg_catalog.current_setting('reserved_connections', true), ''), '0')::int,
       CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN NULL
            WHEN pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn() THEN 0
            ELSE extract(epoch FROM pg_catalog.clock_timestamp()
                                    - pg_catalog.pg_last_xact_replay_timestamp())::float8 END
"""
"""Sums what every role may see. A standby that has replayed all it received is not behind, however long ago
the last transaction was.
"""


async def described(connection: asyncpg.Connection[asyncpg.Record], wanted: SessionAttrs) -> ServerInfo:
    """Say what answers; free of I/O from PostgreSQL 14 on.

    Raises:
        DoesNotFit: it is no longer what is wanted, as after a failover.
    """
    if wanted not in ("any", "prefer-standby"):
        await session_attrs.check(connection, wanted)
    role = await session_attrs.role_of(connection)
    version = str(getattr(connection.get_settings(), "server_version", "")).partition(" ")[0]
    # asyncpg offers no other way to its socket than the transport that it keeps to itself.
    encrypted: Any = getattr(connection, "_transport").get_extra_info("ssl_object")  # noqa: B009
    return ServerInfo(
        "PostgreSQL",
        version,
        "standby" if role.standby else "primary",
        read_only=role.read_only,
        tls=None if encrypted is None else _tls(encrypted),
    )


async def load_of(connection: asyncpg.Connection[asyncpg.Record]) -> ServerLoad:
    """Ask how full the server is, and how far it lags behind its primary."""
    row = await connection.fetchrow(_LOAD)
    assert row is not None  # noqa: S101 - a SELECT without FROM gives one row
    connections, limit, lag = row
    return ServerLoad(connections, limit, None if lag is None else max(0.0, lag))


def _tls(encrypted: ssl.SSLObject) -> TLSInfo:
    # Empty for a certificate that was not verified.
    certificate = encrypted.getpeercert() or {}
    ends = None
    if "notAfter" in certificate:
        seconds = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
        ends = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return TLSInfo(encrypted.version() or "", ends)

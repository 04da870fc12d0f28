"""Lend a plain asyncpg connection, to look at the rig with eyes that are not connmgr's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from ssl import SSLContext

import asyncpg


@asynccontextmanager
async def connected(
    url: str, *, ssl: SSLContext | None = None, server_settings: Mapping[str, str] | None = None
) -> AsyncIterator[asyncpg.Connection]:
    """Connect within 5 s, without TLS unless `ssl` is given; on exit cut off, as the peer may be dead."""
    connection = await asyncpg.connect(
        url, timeout=5, ssl=ssl or False, server_settings=dict(server_settings or {})
    )
    try:
        yield connection
    finally:
        connection.terminate()

"""What a server is, and whether that is what `target_session_attrs` wants."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from connmgr.engine.servers import DoesNotFit
from connmgr.target import SessionAttrs

_ASK = "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only') = 'on'"


@dataclass(frozen=True, slots=True)
class Role:
    """`read_only` means that transactions are read only unless they ask for more, as on every standby."""

    standby: bool
    read_only: bool

    def __str__(self) -> str:
        if self.standby:
            return "a standby"
        return (
            "a primary that is read only (default_transaction_read_only)" if self.read_only else "a primary"
        )


def passes(wanted: SessionAttrs) -> tuple[SessionAttrs, ...]:
    """Give what to look for, one round over the servers each."""
    return ("standby", "any") if wanted == "prefer-standby" else (wanted,)


async def role_of(connection: asyncpg.Connection[asyncpg.Record]) -> Role:
    """Say what the server is; free of I/O where it reports that by itself, as from PostgreSQL 14 on."""
    facts = connection.get_settings()
    standby = getattr(facts, "in_hot_standby", None)
    read_only = getattr(facts, "default_transaction_read_only", None)
    if standby is None or read_only is None:  # PostgreSQL 13, and poolers that pass on less
        row = await connection.fetchrow(_ASK)
        assert row is not None  # noqa: S101 - a SELECT without FROM gives one row
        return Role(standby=row[0], read_only=row[1])
    return Role(standby=standby == "on", read_only="on" in (standby, read_only))


async def check(connection: asyncpg.Connection[asyncpg.Record], wanted: SessionAttrs) -> None:
    """Let pass a connection to a server that is what is wanted.

    Raises:
        DoesNotFit: it is something else.
    """
    if wanted == "any":
        return
    role = await role_of(connection)
    if not _fits(role, wanted):
        raise DoesNotFit(str(role))


def _fits(role: Role, wanted: SessionAttrs) -> bool:
    if wanted in ("read-write", "read-only"):
        return role.read_only == (wanted == "read-only")
    return role.standby == (wanted == "standby")

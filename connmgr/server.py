"""Frozen values that say what answers for a profile: a server, its TLS, its load."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TLSInfo:
    """How a connection is encrypted. `certificate_ends` is in UTC, and None for a certificate that nobody
    verified: what it says proves nothing.
    """

    protocol: str
    certificate_ends: dt.datetime | None = None

    def days_left(self, now: dt.datetime) -> float | None:
        """Return how many days the server's certificate is still valid."""
        if self.certificate_ends is None:
            return None
        return (self.certificate_ends - now).total_seconds() / 86400


@dataclass(frozen=True, slots=True)
class ServerLoad:
    """What all users of a server share: `connections` open in all its databases, of the `limit` that it
    allows those who are no superusers. `replication_lag` is in seconds, None for one that is no standby.
    """

    connections: int
    limit: int
    replication_lag: float | None = None


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What answered. `role` is `primary` or `standby`, None for a database without roles.

    `read_only` servers refuse writes, as every standby does. `wal_bytes` is the size of SQLite's
    write-ahead log, and `integrity` what its quick check said where that was asked for: `ok`, or the first
    thing that is wrong.
    """

    product: str
    version: str
    role: str | None
    read_only: bool = False
    tls: TLSInfo | None = None
    load: ServerLoad | None = None
    wal_bytes: int | None = None
    integrity: str | None = None

    def to_dict(self, now: dt.datetime) -> dict[str, object]:
        """Return it as plain values; times in ISO 8601, `certificate_days` counted from `now`."""
        tls, load = self.tls, self.load
        days = tls.days_left(now) if tls else None
        ends = tls.certificate_ends if tls else None
        return {
            "product": self.product,
            "version": self.version,
            "role": self.role,
            "read_only": self.read_only,
            "replication_lag": load.replication_lag if load else None,
            "connections": {"used": load.connections, "limit": load.limit} if load else None,
            "tls": tls
            and {
                "protocol": tls.protocol,
                "certificate_ends": ends.isoformat() if ends else None,
                "certificate_days": None if days is None else round(days, 1),
            },
            "wal_bytes": self.wal_bytes,
            "integrity": self.integrity,
        }

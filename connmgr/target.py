"""Where a profile's database is, in libpq's own words."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, Literal, TypeAlias

from connmgr.secret import MASK, SecretSource
from connmgr.sqlite_target import SQLiteTarget

__all__ = ["PostgresTarget", "SQLiteTarget", "Server", "Target"]

SSLMode: TypeAlias = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]
SSLNegotiation: TypeAlias = Literal["postgres", "direct"]
SessionAttrs: TypeAlias = Literal["any", "read-write", "read-only", "primary", "standby", "prefer-standby"]

DEFAULT_PORT: Final = 5432


@dataclass(frozen=True, slots=True)
class Server:
    """One server to try. `host` is a name, an address, or a socket directory.

    `hostaddr` is the address to connect to without looking `host` up; certificates are still checked
    against `host`.
    """

    host: str
    port: int = DEFAULT_PORT
    hostaddr: str | None = None

    @property
    def is_socket(self) -> bool:
        """Whether the server is reached through a Unix socket, which libpq never encrypts."""
        return self.hostaddr is None and self.host.startswith("/")

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class PostgresTarget:
    """A PostgreSQL database and every server that may have it, in the order in which to try them.

    Names, meanings and units are libpq's: `sslrootcert`, `sslcert`, `sslkey` and `sslcrl` are file paths,
    `keepalives_idle` and `keepalives_interval` seconds, `tcp_user_timeout` milliseconds, 0 for the
    system's own. Without `sslrootcert`, what is verified is verified against the system's store.
    """

    servers: tuple[Server, ...]
    dbname: str
    user: str | None
    password: SecretSource | None
    sslmode: SSLMode
    application_name: str
    sslrootcert: str | None = None
    sslcert: str | None = None
    sslkey: str | None = None
    sslpassword: SecretSource | None = None
    sslcrl: str | None = None
    sslnegotiation: SSLNegotiation = "postgres"
    ssl_min_protocol_version: str = "TLSv1.2"
    ssl_max_protocol_version: str | None = None
    target_session_attrs: SessionAttrs = "any"
    load_balance_hosts: Literal["disable", "random"] = "disable"
    options: str | None = None
    keepalives: bool = True
    keepalives_idle: int = 10
    keepalives_interval: int = 2
    keepalives_count: int = 3
    tcp_user_timeout: int = 10_000

    @property
    def url(self) -> str:
        """The target for people, without any secret."""
        user = f"{self.user}@" if self.user else ""
        return f"postgresql://{user}{','.join(map(str, self.servers))}/{self.dbname}"

    def to_dict(self) -> dict[str, object]:
        """Return the target as plain values, a secret replaced by where it comes from."""
        values: dict[str, object] = {"url": self.url}
        for each in fields(self):
            if each.name not in ("servers", "dbname", "user"):
                values[each.name] = getattr(self, each.name)
        for name in ("password", "sslpassword"):
            source: SecretSource | None = getattr(self, name)
            values[name] = f"{MASK} ({source.describe()})" if source else None
        return values


Target: TypeAlias = PostgresTarget | SQLiteTarget

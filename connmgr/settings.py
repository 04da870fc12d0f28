"""The settings that a profile comes to when its references are resolved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from connmgr.target import Target


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """`pool:`. Counts of connections; durations in seconds.

    `size` connections are kept, `max_overflow` more are opened under load. `mode` is never `auto`
    here: it is settled to `pooled` or to `none` (a connection per checkout, sizes not used).
    """

    mode: Literal["pooled", "none"] = "pooled"
    size: int = 5
    max_overflow: int = 10
    timeout: float = 30.0
    idle_timeout: float | None = None
    max_lifetime: float = 1800.0
    use_lifo: bool = True

    @property
    def max(self) -> int | None:
        """The most connections the pool opens; None when there is no limit."""
        return self.size + self.max_overflow if self.mode == "pooled" else None


@dataclass(frozen=True, slots=True)
class Timeouts:
    """`timeouts:`, in seconds.

    `connect` bounds a new connection whole: name, socket, TLS, login and SQLAlchemy's first queries.
    `close` bounds the rollback that ends a session. `statement` is the server's own limit, None for none.
    """

    connect: float = 5.0
    close: float = 2.0
    statement: float | None = None


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """`session:`, as in SQLAlchemy."""

    expire_on_commit: bool = False


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """`health:`. `timeout` in seconds bounds a check whole, counted from its start."""

    critical: bool = True
    timeout: float = 1.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What a profile comes to: every reference but the secrets resolved, every default filled in."""

    name: str
    target: Target
    pool: PoolSettings = PoolSettings()
    timeouts: Timeouts = Timeouts()
    session: SessionSettings = SessionSettings()
    health: HealthSettings = HealthSettings()
    description: str = ""

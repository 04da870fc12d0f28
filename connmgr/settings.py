"""The settings that a profile comes to when its references are resolved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from connmgr.target import Target


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """`pool:`. Counts of connections; durations in seconds.

    `size` connections are kept, `max_overflow` more are opened under load; `min_idle` of them are opened
    ahead of need. `timeout` bounds a checkout whole; at most `connecting_limit` connects run at once, and
    with `max_waiting` callers waiting already the next is refused. A connection that was used within
    `liveness_window` is handed out untested; another is asked first (`pre_ping`), and counts as dead when
    it has not answered after `liveness_timeout`. `mode` is never `auto` here: it is settled to `pooled`
    or to `none` (a connection per checkout, sizes not used).
    """

    mode: Literal["pooled", "none"] = "pooled"
    size: int = 5
    max_overflow: int = 10
    timeout: float = 30.0
    min_idle: int = 0
    idle_timeout: float | None = None
    max_lifetime: float = 1800.0
    keepalive: float | None = None
    use_lifo: bool = True
    pre_ping: Literal["auto", "always", "never"] = "auto"
    liveness_window: float = 0.5
    liveness_timeout: float = 0.5
    connecting_limit: int = 2
    max_waiting: int | None = None
    reset: Literal["rollback", "full"] = "rollback"
    leak_detection_threshold: float | None = None

    @property
    def max(self) -> int | None:
        """The most connections the pool opens; None when there is no limit."""
        return self.size + self.max_overflow if self.mode == "pooled" else None


@dataclass(frozen=True, slots=True)
class Timeouts:
    """`timeouts:`, in seconds.

    `connect` bounds a new connection whole: name, socket, TLS, login and SQLAlchemy's first queries.
    `close` bounds the rollback that ends a session. `statement`, `lock` and `idle_in_transaction` are the
    server's own limits, `command` is the client's on each statement; None for none. `startup` bounds the
    wait for a profile as the registry opens.
    """

    connect: float = 5.0
    close: float = 2.0
    statement: float | None = None
    lock: float | None = None
    idle_in_transaction: float | None = None
    command: float | None = None
    startup: float = 10.0


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """`session:`, as in SQLAlchemy. With `autocommit`, statements run without a transaction around them."""

    expire_on_commit: bool = False
    autocommit: bool = False


@dataclass(frozen=True, slots=True)
class ConnectRetry:
    """`retry.connect:`. Pauses grow from `initial` to `max` seconds, less up to the share `jitter` at random.

    A caller sees `attempts` connects fail and gets the error of the last; None for no limit but time.
    """

    attempts: int | None = None
    initial: float = 0.02
    max: float = 0.2
    jitter: float = 0.25


@dataclass(frozen=True, slots=True)
class TransactionRetry:
    """`retry.transaction:`, for `Registry.run`. Pauses and `deadline` in seconds.

    `attempts` counts the first. `budget` is how many tries may be added for each call while none succeeds.
    """

    attempts: int = 5
    initial: float = 0.01
    max: float = 1.0
    jitter: float = 1.0
    deadline: float = 30.0
    budget: float = 0.1
    lock_timeout: bool = False


@dataclass(frozen=True, slots=True)
class RetrySettings:
    """`retry:`."""

    connect: ConnectRetry = ConnectRetry()
    transaction: TransactionRetry = TransactionRetry()


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """`breaker:`. Opens after `failures` within `window` seconds, for `cooldown` seconds; off with None."""

    failures: int | None = None
    window: float = 10.0
    cooldown: float = 5.0


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """`health:`, in seconds. `timeout` bounds a check whole, and its answer serves for `ttl`.

    A full pool to which nothing has come back for `stuck_after` is taken to be stuck.
    """

    critical: bool = True
    timeout: float = 1.0
    ttl: float = 1.0
    stuck_after: float = 30.0


@dataclass(frozen=True, slots=True)
class ReloadSettings:
    """`reload:`. `drain_timeout` in seconds; `max_overlap` times `pool.max` bounds all engines together."""

    verify: Literal["none", "connect"] = "none"
    drain_timeout: float = 30.0
    max_overlap: float = 2.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What a profile comes to: every reference but the secrets resolved, every default filled in."""

    name: str
    target: Target
    pool: PoolSettings = PoolSettings()
    timeouts: Timeouts = Timeouts()
    session: SessionSettings = SessionSettings()
    health: HealthSettings = HealthSettings()
    retry: RetrySettings = RetrySettings()
    breaker: BreakerSettings = BreakerSettings()
    reload: ReloadSettings = ReloadSettings()
    startup: Literal["lazy", "warn", "fail"] = "lazy"
    protected: bool = False
    description: str = ""

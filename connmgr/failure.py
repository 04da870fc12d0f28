"""What went wrong with a database, as a frozen value: kind, advice, and what a repetition can do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FailureKind(StrEnum):
    """What went wrong, in words that an alert can match."""

    # On the way to a server, and at its door.
    NAME_RESOLUTION = "name_resolution"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    TLS = "tls"
    AUTHENTICATION = "authentication"
    DATABASE_MISSING = "database_missing"
    TOO_MANY_CONNECTIONS = "too_many_connections"
    STARTING_UP = "starting_up"
    SHUTTING_DOWN = "shutting_down"
    CONNECTION_LOST = "connection_lost"
    PROTOCOL = "protocol"
    POOL_TIMEOUT = "pool_timeout"
    MISCONFIGURED = "misconfigured"
    # In a transaction that another one, or a limit, stood in the way of.
    SERIALIZATION = "serialization"
    DEADLOCK = "deadlock"
    LOCK_TIMEOUT = "lock_timeout"
    STATEMENT_TIMEOUT = "statement_timeout"
    CANCELLED = "cancelled"
    STALE_STATEMENT = "stale_statement"
    TRANSACTION_ABORTED = "transaction_aborted"
    BUSY = "busy"
    LOCKED = "locked"
    # In what was asked for.
    CONSTRAINT = "constraint"
    DATA = "data"
    SYNTAX = "syntax"
    PRIVILEGE = "privilege"
    READ_ONLY = "read_only"
    # In the database itself.
    DISK_FULL = "disk_full"
    OUT_OF_MEMORY = "out_of_memory"
    CORRUPT = "corrupt"
    NOT_A_DATABASE = "not_a_database"
    UNKNOWN = "unknown"


class ConstraintKind(StrEnum):
    """Which rule of a table a row breaks."""

    UNIQUE = "unique"
    FOREIGN_KEY = "foreign_key"
    NOT_NULL = "not_null"
    CHECK = "check"
    EXCLUSION = "exclusion"


@dataclass(frozen=True, slots=True)
class Constraint:
    """The rule that a row breaks, as far as the database says; never the row's values.

    PostgreSQL names the constraint, and the column only of one that must not be null. SQLite names the table
    and columns of a unique one, and the constraint only of a check.
    """

    kind: ConstraintKind
    table: str | None = None
    column: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception, classified. `message` holds no secret; `hint` is one sentence of advice.

    `retry_connect` and `retry_transaction` say that a later connect, or the same transaction from its
    beginning, can succeed although nobody changes anything. With `outcome_unknown` the connection was lost
    while the answer to a COMMIT was due: the transaction may stand or not, and repeating it may do its work
    a second time.
    """

    kind: FailureKind
    type: str
    message: str
    sqlstate: str | None = None
    hint: str = ""
    constraint: Constraint | None = None
    retry_connect: bool = False
    retry_transaction: bool = False
    outcome_unknown: bool = False

"""What to do about each kind of failure, and about those that need a sentence of their own."""

from __future__ import annotations

from typing import Final

from connmgr.failure import FailureKind as Kind

WANTS_TLS: Final = (
    "the server lets nobody in without TLS: set `sslmode: verify-full`, and `sslrootcert` to the certificate "
    "of the authority that signed the server's"
)
CLIENT_CERTIFICATE: Final = (
    "check `sslcert` and `sslkey`: the server wants a client certificate of an authority that it trusts (its "
    "ssl_ca_file); `sslmode` and `sslrootcert` decide only about the server's own"
)
NO_TLS: Final = (
    "turn TLS on at the server (ssl = on); only with `sslmode` prefer, allow or disable, which check nobody, "
    "would connmgr go on in clear text; `sslrootcert` plays no part in this"
)
CERTIFICATE: Final = (
    "`sslmode` demands a certificate that the server did not show: let `sslrootcert` name the authority that "
    "signed it, for verify-full also `host` a name in it, and renew it when it has expired"
)
WRONG_ROLE: Final = (
    "check `target_session_attrs`, and that the list of servers holds one that is so now: a failover may be "
    "under way"
)
NO_SUCH_THING: Final = (
    "the statement names what this database does not have, or not in its search_path: check that the "
    "migrations were applied to this very database"
)
NO_SUCH_FILE: Final = (
    "check the path in `url` and its permissions: SQLite creates the file, never its directory"
)
NOT_WRITABLE: Final = "check that this user may write to the database's file and to its directory"
NO_ATTACH: Final = (
    "SQL may not reach other files: `sqlite: {allow_attach: true}` allows ATTACH and VACUUM INTO"
)
POOLER: Final = (
    "prepared statements do not survive a pooler in transaction mode: let it keep them (PgBouncer's "
    "max_prepared_statements), or use its session mode"
)
REFUSED_PARAMETER: Final = (
    "a pooler refuses what it was sent at login: put the parameter into its ignore_startup_parameters, or "
    "leave it out of the profile"
)
RAISED: Final = "a function or trigger of the database raised it: read its message"
TWO_TASKS: Final = "one session, one task: open a session for each task, they do not share connections"

HINTS: Final = {
    Kind.NAME_RESOLUTION: "check the host in `url`, and the name server of the machine that connmgr runs on",
    Kind.REFUSED: "check host and port in `url`, that the server runs and listens there, and that no "
    "firewall stands between",
    Kind.TIMEOUT: "check that the server is reachable and not overloaded before you raise "
    "`timeouts.connect`, `timeouts.command` or `health.timeout`",
    Kind.TLS: "check `sslmode`, `sslrootcert`, `sslcert` and `sslkey` in `url`, and what the server offers",
    Kind.AUTHENTICATION: "check the user in `url`, the `password`, and what the server's pg_hba.conf and "
    "grants let this user do",
    Kind.DATABASE_MISSING: "check the database name in `url`; connmgr never creates a database on a server",
    Kind.TOO_MANY_CONNECTIONS: "lower `pool.size` and `pool.max_overflow` in every process that connects, or "
    "raise the server's limit (max_connections, or that of the role or database)",
    Kind.STARTING_UP: "wait: the server takes connections when its recovery is done",
    Kind.SHUTTING_DOWN: "the server, or this connection, was ended by an administrator; connect again when "
    "it is back",
    Kind.CONNECTION_LOST: "read the server's log for why it ended the connection; at a login it may have "
    "been TLS: check what `sslmode`, `sslrootcert` and `sslcert` ask of it",
    Kind.PROTOCOL: "what came is not PostgreSQL's protocol: check that host and port in `url` lead to a "
    "server, and what stands between (a proxy, a load balancer)",
    Kind.POOL_TIMEOUT: "look for sessions that are held too long before you raise `pool.size`, "
    "`pool.max_overflow` or `pool.timeout`",
    Kind.MISCONFIGURED: "correct the file at the place named, or set the variable",
    Kind.SERIALIZATION: "another transaction changed what this one relies on: run it again from its "
    "beginning, as `registry.run` does",
    Kind.DEADLOCK: "two transactions wait for each other: run this one again from its beginning, as "
    "`registry.run` does, and let all take their locks in one order",
    Kind.LOCK_TIMEOUT: "another transaction holds the lock for longer than `timeouts.lock`, or than NOWAIT "
    "waits: look for one that stays open",
    Kind.STATEMENT_TIMEOUT: "the server ended the statement at its limit: check `timeouts.statement`, and "
    "what the statement waited for",
    Kind.CANCELLED: "someone cancelled the statement, on the server or in the application",
    Kind.STALE_STATEMENT: "tables changed under a prepared statement: run the transaction again, as "
    "`registry.run` does",
    Kind.TRANSACTION_ABORTED: "an earlier statement of this transaction failed: look for its error, and "
    "roll back",
    Kind.BUSY: "another connection holds the database's lock for too long: look for a long write "
    "transaction; one that reads before it writes begins with BEGIN IMMEDIATE, or runs again",
    Kind.LOCKED: "another statement on the same database still reads or writes: end it first",
    Kind.CONSTRAINT: "the row breaks a rule of its table: correct the data, or the order of the statements",
    Kind.DATA: "a value does not fit its type or its column: correct the value, or convert it",
    Kind.SYNTAX: "the statement is wrong as it stands: correct it",
    Kind.PRIVILEGE: "grant the role what the statement needs, or use a profile whose user has it",
    Kind.READ_ONLY: "the server is a standby, or set to read only: point `url` at the primary",
    Kind.DISK_FULL: "free or add space where the database keeps its files",
    Kind.OUT_OF_MEMORY: "the server ran out of memory: lower work_mem or the number of connections",
    Kind.CORRUPT: "stop writing, keep a copy of the files, and restore from a backup",
    Kind.NOT_A_DATABASE: "the file is no SQLite database, or an encrypted one: check the path in `url`",
    Kind.UNKNOWN: "read the message, and the server's log at this time",
}

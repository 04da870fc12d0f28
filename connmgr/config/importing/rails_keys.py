"""Which setting a key of a Rails database.yml becomes, and why the others become none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

NO_SUCH_SETTING: Final = "connmgr has no such setting"
_ACTIVE_RECORD: Final = "a setting of Active Record itself, which no connection has"
_SCHEMA: Final = "Active Record's own tools use it, connmgr has no migrations"

# Keys of a connection whose word in libpq is another one; a key that is not here is libpq's own, or none.
WORDS: Final[Mapping[str, str]] = {"database": "dbname", "username": "user"}
POOL: Final[Mapping[str, str]] = {
    "pool": "pool.size",
    "max_connections": "pool.size",
    "checkout_timeout": "pool.timeout",
    "max_age": "pool.max_lifetime",
    "idle_timeout": "pool.idle_timeout",
    "min_connections": "pool.min_idle",
    "keepalive": "pool.keepalive",
}
TIMEOUTS: Final[Mapping[str, str]] = {
    "statement_timeout": "timeouts.statement",
    "lock_timeout": "timeouts.lock",
    "idle_in_transaction_session_timeout": "timeouts.idle_in_transaction",
}
ENCODINGS: Final = frozenset({"unicode", "utf8", "utf-8"})
LEFT_OUT: Final[Mapping[str, str]] = {
    "timeout": "SQLite's busy time-out; connmgr has no such setting",
    "retries": "SQLite's retries while it is busy; connmgr has no such setting",
    "pragmas": "connmgr sets no pragmas",
    "reaping_frequency": "a thread of Active Record's; connmgr checks a connection when it is asked for",
    "prepared_statements": f"{NO_SUCH_SETTING}; the driver prepares statements",
    "statement_limit": f"{NO_SUCH_SETTING}; the driver bounds its prepared statements",
    "advisory_locks": _SCHEMA,
    "migrations_paths": _SCHEMA,
    "database_tasks": _SCHEMA,
    "schema_dump": _SCHEMA,
    "schema_cache_path": _SCHEMA,
    "seeds": _SCHEMA,
    "template": _SCHEMA,
    "collation": _SCHEMA,
    "ctype": _SCHEMA,
    "owner": _SCHEMA,
    "tablespace": _SCHEMA,
    "postgis_extension": _SCHEMA,
    "schema_search_path": "connmgr sets no search path; connection.options takes -c search_path=…",
    "min_messages": "connmgr sets no variables; connection.options takes -c client_min_messages=…",
    "intervalstyle": "connmgr sets no variables; connection.options takes -c intervalstyle=…",
    "replica": f"{_ACTIVE_RECORD}; connection.target_session_attrs asks for a standby",
    "use_metadata_table": _ACTIVE_RECORD,
    "query_cache": _ACTIVE_RECORD,
    "connection_retries": _ACTIVE_RECORD,
    "retry_deadline": _ACTIVE_RECORD,
    "verify_timeout": _ACTIVE_RECORD,
    "insert_returning": _ACTIVE_RECORD,
    "strict": NO_SUCH_SETTING,
    "reconnect": "connmgr replaces a lost connection when the next one is asked for",
    "readonly": NO_SUCH_SETTING,
}
VARIABLE: Final = "connmgr sets no variables; connection.options takes -c {}=…"

_TIME: Final = re.compile(r"(?P<number>[0-9]+)\s*(?P<unit>|ms|s|min|h)", re.ASCII)
_REFERENCE: Final = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*(?::-[0-9]+)?\}", re.ASCII)
_UNITS: Final = {"": "ms", "ms": "ms", "s": "s", "min": "m", "h": "h"}


def server_timeout(text: str) -> str | None:
    """Return a time-out of PostgreSQL's, in milliseconds without a unit, as one of a profile's.

    None when it cannot be one; empty for 0, which is no limit.
    """
    if _REFERENCE.fullmatch(text):
        return f"{text}ms"
    match = _TIME.fullmatch(text.replace("_", ""))
    if match is None:
        return None
    length, unit = int(match["number"]), _UNITS[match["unit"]]
    if unit == "ms" and length % 1000 == 0:
        length, unit = length // 1000, "s"
    return f"{length}{unit}" if length else ""

"""The table of libpq's parameters: what is carried out, what is refused and why, what is another tool's.

The list is the one of PostgreSQL 18's documentation, "Parameter Key Words".
"""

from __future__ import annotations

from functools import cache
from typing import Final

from connmgr.config.schema import definition

_KERBEROS: Final = "connmgr has no Kerberos; leave it out and log in with a password or a certificate"
_SCRAM: Final = "asyncpg computes the keys from the password; write password"
_OAUTH: Final = "asyncpg has no OAuth; log in with a password or a certificate"
_AUTH: Final = "asyncpg takes whatever the server asks for; sslmode=verify-full makes sure whose server it is"
_NO_TLS_OF_GSS: Final = "asyncpg encrypts with TLS and not with GSSAPI; write sslmode=verify-full"

REFUSED: Final = {
    "require_auth": _AUTH,
    "requirepeer": "asyncpg cannot ask who owns a socket; protect the socket's directory instead",
    "replication": "SQLAlchemy speaks no replication protocol; leave it out",
    "requiressl": "libpq itself has given it up; write sslmode=require",
    "sslkeylogfile": "the keys of every connection would lie in a file; leave it out",
    "sslcrldir": "Python reads revocation lists from one file; write sslcrl",
    "krbsrvname": _KERBEROS,
    "gsslib": _KERBEROS,
    "gssdelegation": _KERBEROS,
    "scram_client_key": _SCRAM,
    "scram_server_key": _SCRAM,
    "oauth_issuer": _OAUTH,
    "oauth_client_id": _OAUTH,
    "oauth_client_secret": _OAUTH,
    "oauth_scope": _OAUTH,
    "oauth_ca_file": _OAUTH,
    "authtype": "libpq itself has given it up; leave it out",
    "tty": "libpq itself has given it up; leave it out",
}
"""Words of libpq's that connmgr cannot carry out, and what to do instead."""

REFUSED_VALUES: Final = {
    ("channel_binding", "require"): "asyncpg has no channel binding; sslmode=verify-full keeps others from "
    "standing between you and the server",
    ("gssencmode", "require"): _NO_TLS_OF_GSS,
    ("sslcertmode", "require"): "asyncpg cannot tell whether the server asked for the certificate; write "
    "sslcert, and let the server demand it (clientcert in pg_hba.conf)",
    ("sslsni", "0"): "Python's TLS always names the host; leave it out",
    ("sslcompression", "1"): "compressed TLS gives secrets away, and OpenSSL has none; leave it out",
    ("min_protocol_version", "3.2"): "asyncpg speaks 3.0; leave it out",
    ("min_protocol_version", "latest"): "asyncpg speaks 3.0; leave it out",
    **{
        (f"ssl_{end}_protocol_version", old): "it is broken, and today's OpenSSL has it no more; "
        "write TLSv1.2"
        for end in ("min", "max")
        for old in ("TLSv1", "TLSv1.1")
    },
}
"""Values that libpq would take and connmgr cannot carry out."""

_REPEATED: Final = "connmgr names each connection's statements anew; leave it out"
_SSLMODE: Final = "write sslmode=require, or better sslmode=verify-full"
_SEARCH_PATH: Final = "write options=-c%20search_path=NAME"
_FOREIGN: Final = {
    _SSLMODE: "ssl tls sslenabled usessl encrypt",
    "write sslmode=require for accept_invalid_certs, sslmode=verify-full for strict": "sslaccept",
    "write sslcert and sslkey": "sslidentity",
    "write pool.size and pool.max_overflow": "pool_size poolsize connection_limit max_connections "
    "pool_max_conns pool_min_conns maxpoolsize minpoolsize min_size max_size max_overflow",
    "write pool.timeout": "pool_timeout pooltimeout pool_wait_timeout",
    "write pool.max_lifetime": "pool_recycle max_lifetime pool_max_conn_lifetime",
    "write timeouts.connect, or libpq's connect_timeout": "timeout connecttimeout login_timeout logintimeout",
    "write timeouts.statement": "command_timeout statement_timeout sockettimeout socket_timeout "
    "query_timeout",
    "leave it out": "pgbouncer supa pool_mode workaround reconnect autosave plugin uselibpqcompat "
    "sslfactory binarytransfer",
    _REPEATED: "prepared_statement_cache_size statement_cache_size preparethreshold "
    "preparedstatementcachequeries prepared_statement_name_func prepared_statements "
    "max_cached_statement_lifetime",
    _SEARCH_PATH: "schema currentschema search_path",
    "write application_name": "applicationname app_name",
    "write target_session_attrs": "targetservertype",
    "write load_balance_hosts=random": "loadbalancehosts",
    "write options=-c%20NAME=VALUE": "server_settings",
    "write options=endpoint%3DNAME": "endpoint",
    "write user": "username",
    "write dbname": "database db",
    "write host": "hostname server",
    "write password": "pass passwd pwd",
    "connmgr drives PostgreSQL with asyncpg alone": "driver drivername async_fallback",
    "SQLite has no parameters here; leave it out": "mode cache uri check_same_thread isolation_level "
    "foreign_keys journal_mode busy_timeout vfs immutable nolock",
}
_ADVICE: Final = {word: advice for advice, words in _FOREIGN.items() for word in words.split()}

SECRETS: Final = ("password", "sslpassword")
"""Words whose values are secrets."""

PATHS: Final = ("sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile", "servicefile")
"""Words whose values are paths of files."""


@cache
def known() -> frozenset[str]:
    """Return the words that connmgr carries out: those that `connection` takes."""
    return frozenset((definition(("connection",)) or {})["properties"])


def reason(word: str) -> str:
    """Say why connmgr refuses one of libpq's words, or what to write for another tool's; empty for others."""
    return REFUSED.get(word) or advice(word)


def advice(word: str) -> str:
    """Say what to write for a word of another tool's; empty for a word that none has."""
    return _ADVICE.get(word.casefold(), "")


def suggestion(word: str) -> str:
    """Ask whether the nearest of libpq's words was meant; empty when none is near."""
    from connmgr.nearest import did_you_mean  # difflib: only when something is wrong

    return did_you_mean(word, known())

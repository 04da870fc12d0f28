"""What libpq's environment variables say, in libpq's words.

The variables are those of PostgreSQL 18's documentation ("Environment Variables") and libpq's own table of
options. PGSYSCONFDIR is for whoever looks up a service. PGLOCALEDIR and PGOAUTHDEBUG say nothing about a
connection: the one is for libpq's messages, the other for a way to log in that connmgr does not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

VARIABLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "service": "PGSERVICE",
        "servicefile": "PGSERVICEFILE",
        "host": "PGHOST",
        "hostaddr": "PGHOSTADDR",
        "port": "PGPORT",
        "dbname": "PGDATABASE",
        "user": "PGUSER",
        "password": "PGPASSWORD",
        "passfile": "PGPASSFILE",
        "require_auth": "PGREQUIREAUTH",
        "channel_binding": "PGCHANNELBINDING",
        "connect_timeout": "PGCONNECT_TIMEOUT",
        "client_encoding": "PGCLIENTENCODING",
        "options": "PGOPTIONS",
        "application_name": "PGAPPNAME",
        "sslmode": "PGSSLMODE",
        "sslnegotiation": "PGSSLNEGOTIATION",
        "sslcompression": "PGSSLCOMPRESSION",
        "sslcert": "PGSSLCERT",
        "sslkey": "PGSSLKEY",
        "sslcertmode": "PGSSLCERTMODE",
        "sslrootcert": "PGSSLROOTCERT",
        "sslcrl": "PGSSLCRL",
        "sslcrldir": "PGSSLCRLDIR",
        "sslsni": "PGSSLSNI",
        "requirepeer": "PGREQUIREPEER",
        "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
        "ssl_max_protocol_version": "PGSSLMAXPROTOCOLVERSION",
        "min_protocol_version": "PGMINPROTOCOLVERSION",
        "max_protocol_version": "PGMAXPROTOCOLVERSION",
        "gssencmode": "PGGSSENCMODE",
        "krbsrvname": "PGKRBSRVNAME",
        "gsslib": "PGGSSLIB",
        "gssdelegation": "PGGSSDELEGATION",
        "target_session_attrs": "PGTARGETSESSIONATTRS",
        "load_balance_hosts": "PGLOADBALANCEHOSTS",
    }
)
"""The variable for each word that has one."""

# Empty, these are no default to libpq: it refuses the connection, or has no SNI and no lowest version
# of TLS. All others are as good as not set.
_EMPTY_COUNTS: Final = frozenset(
    {
        "service",
        "servicefile",
        "channel_binding",
        "connect_timeout",
        "sslmode",
        "sslnegotiation",
        "sslcertmode",
        "sslsni",
        "ssl_min_protocol_version",
        "min_protocol_version",
        "max_protocol_version",
        "gssencmode",
        "target_session_attrs",
        "load_balance_hosts",
    }
)

_SESSION: Final = (("PGDATESTYLE", "datestyle"), ("PGTZ", "timezone"), ("PGGEQO", "geqo"))
_ESCAPED: Final = str.maketrans({each: f"\\{each}" for each in "\\ \t\n\v\f\r"})


def variable_words(environ: Mapping[str, str]) -> dict[str, str]:
    """Return libpq's words and what its variables say for them.

    An empty variable is left out where libpq would take its default, and an empty value elsewhere. `options`
    also has what `session_options` returns; whoever replaces `options` appends it again.
    """
    words = {
        word: environ[name]
        for word, name in VARIABLES.items()
        if environ.get(name) or (word in _EMPTY_COUNTS and name in environ)
    }
    # The word before there were sslmodes. libpq heeds it still, where PGSSLMODE is not set at all.
    if environ.get("PGREQUIRESSL", "").startswith("1") and "PGSSLMODE" not in environ:
        words["sslmode"] = "require"
    options = [*filter(None, (words.get("options"), session_options(environ)))]
    return words | ({"options": " ".join(options)} if options else {})


def session_options(environ: Mapping[str, str]) -> str:
    """Return PGDATESTYLE, PGTZ and PGGEQO as `options`; empty when none is set.

    libpq sends them beside `options`, wherever those come from, and they win over them: append them.
    """
    return " ".join(
        f"-c {setting}={environ[name].translate(_ESCAPED)}"
        for name, setting in _SESSION
        if name in environ and environ[name].lower() != "default"
    )
